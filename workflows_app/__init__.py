"""Workflows for Django: the words of a contract."""

from .contract.effects import Retry, keyed, replay_safe
from .contract.guards import guard
from .contract.people import SYSTEM, Role, signed_in
from .contract.states import State, States
from .contract.transitions import transition
from .contract.workflow import Workflow
from .failures import (
    Failure,
    Forbidden,
    GuardFailed,
    Invalid,
    KeyReused,
    NotAllowed,
    NotSent,
    ProtectedState,
    Refused,
    Rejected,
    Stale,
    TryAgain,
    Unknown,
)

__all__ = [
    "SYSTEM",
    "Failure",
    "Forbidden",
    "GuardFailed",
    "Invalid",
    "KeyReused",
    "NotAllowed",
    "NotSent",
    "ProtectedState",
    "Refused",
    "Rejected",
    "Retry",
    "Role",
    "Stale",
    "State",
    "States",
    "TryAgain",
    "Unknown",
    "Workflow",
    "guard",
    "keyed",
    "replay_safe",
    "signed_in",
    "transition",
]
