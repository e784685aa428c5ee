"""Who may do what, and whether a refusal was right, asked once more of the object itself."""

from typing import Any

from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import contract_of
from workflows_app.contract.transitions import Transition
from workflows_app.failures import Forbidden, GuardFailed, Invalid, NotAllowed, Refused, Stale


def may(transition: Transition, by: Any, obj: Any) -> bool:
    """Whether the contract lets this actor do it."""
    return transition.by.admits_system if by is SYSTEM else transition.by.admits(by, obj)


def is_right(refusal: Refused, transition: Transition, by: Any, version: Any, obj: Any) -> bool:
    """Whether the object, as it stands, gives this reason."""
    if "refused_by" in refusal.facts:
        return True
    if isinstance(refusal, Stale):
        return version is not None and version != obj.version
    if isinstance(refusal, Forbidden):
        return not may(transition, by, obj)
    if isinstance(refusal, NotAllowed):
        contract = contract_of(obj, transition.field)
        return contract.state_of(obj) not in transition.sources
    if isinstance(refusal, GuardFailed):
        codes = {guard.code for guard in transition.guards}
        return {one.code for one in refusal.reasons} <= codes
    return isinstance(refusal, Invalid) or bool(refusal.code)
