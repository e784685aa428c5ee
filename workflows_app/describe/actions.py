"""Actions: what a user may do with an object, and why not now."""

from collections.abc import Callable
from typing import Any

from workflows_app.contract.registry import contract_of, contracts_of
from workflows_app.contract.transitions import Transition
from workflows_app.engine import refusals

from .inputs import input_schema


def actions(
    obj: Any, user: Any, *, href: Callable[[str], str | None] | None = None
) -> list[dict[str, Any]]:
    """Every transition this user has permission for, in the order of the contract.

    One that is impossible now says every reason. The system's own transitions are left out. Where
    there are several workflows, each action names its own.
    """
    states = {contract.field: contract.state_of(obj) for contract in contracts_of(obj)}
    moves = [t for t in contract_of(obj).all_transitions.values() if not t.creates]
    here = [transition.at(states[transition.field]) for transition in moves]
    return [_action(obj, way, href) for way in here if way.by.admits(user, obj)]


def _action(
    obj: Any, transition: Transition, href: Callable[[str], str | None] | None
) -> dict[str, Any]:
    action = {"name": transition.name, "label": transition.label} | _workflow(obj, transition)
    if reasons := refusals(obj, transition):
        why = [{"code": reason.code, "detail": reason.detail} for reason in reasons]
        return {**action, "allowed": False, "reasons": why}
    return {
        **action,
        "allowed": True,
        "href": None if href is None else href(transition.name),
        "needs": input_schema(transition.data),
    }


def _workflow(obj: Any, transition: Transition) -> dict[str, str]:
    several = len(contracts_of(obj)) > 1
    return {"workflow": contract_of(obj, transition.field).name} if several else {}
