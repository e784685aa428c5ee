"""Workflows for Django: the words of a contract."""

from .contract.clocks import After
from .contract.confirmation import External, accepted
from .contract.groups import in_order, together
from .contract.guards import guard
from .contract.messages import on_message
from .contract.people import SYSTEM, Role, signed_in
from .contract.retry import Retry
from .contract.safety_classes import committed, keyed, replay_safe
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
    "After",
    "External",
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
    "accepted",
    "committed",
    "guard",
    "in_order",
    "keyed",
    "on_message",
    "replay_safe",
    "signed_in",
    "together",
    "transition",
]
