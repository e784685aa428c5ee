"""What is true: the rows. Users import WorkflowModel, StatusField and WorkflowHistory."""

from . import deletion  # noqa: F401  importing connects it, before the first model is built
from .effect_run import EffectRun, FollowUp, RunState
from .event import Event, EventKind
from .history import WorkflowHistory
from .operation import Kind, Operation
from .status_field import StatusField
from .sweep_lease import SweepLease
from .tombstone import Removal, Tombstone
from .worker_beat import WorkerBeat
from .workflow_model import WorkflowModel

__all__ = [
    "EffectRun",
    "Event",
    "EventKind",
    "FollowUp",
    "Kind",
    "Operation",
    "Removal",
    "RunState",
    "StatusField",
    "SweepLease",
    "Tombstone",
    "WorkerBeat",
    "WorkflowHistory",
    "WorkflowModel",
]
