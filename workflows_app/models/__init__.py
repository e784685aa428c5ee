"""What is true: the rows. Users import WorkflowModel, StatusField and WorkflowHistory."""

from . import deletion  # noqa: F401  importing connects it, before the first model is built
from .effect_run import EffectRun, FollowUp, RunState, SupersededAs
from .event import Event, EventKind
from .history import WorkflowHistory
from .message import Message, MessageState
from .operation import Kind, Operation
from .status_field import StatusField
from .sweep_lease import SweepLease
from .timer import Timer, TimerState
from .tombstone import Removal, Tombstone
from .worker_beat import WorkerBeat
from .workflow_model import WorkflowModel

__all__ = [
    "EffectRun",
    "Event",
    "EventKind",
    "FollowUp",
    "Kind",
    "Message",
    "MessageState",
    "Operation",
    "Removal",
    "RunState",
    "StatusField",
    "SupersededAs",
    "SweepLease",
    "Timer",
    "TimerState",
    "Tombstone",
    "WorkerBeat",
    "WorkflowHistory",
    "WorkflowModel",
]
