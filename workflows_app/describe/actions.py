"""Actions: what a user may do with an object, and why not now."""

from collections.abc import Callable
from typing import Any

from workflows_app.contract.registry import contract_of
from workflows_app.contract.transitions import Transition
from workflows_app.engine import refusals

from .inputs import input_schema


def actions(
    obj: Any, user: Any, *, href: Callable[[str], str | None] | None = None
) -> list[dict[str, Any]]:
    """Every transition this user has permission for, in the order of the contract.

    One that is impossible now says every reason. The system's own transitions are left out.
    """
    moves = [t for t in contract_of(obj).transitions.values() if not t.creates]
    permitted = [transition for transition in moves if transition.by.admits(user, obj)]
    return [_action(obj, transition, user, href) for transition in permitted]


def _action(
    obj: Any, transition: Transition, user: Any, href: Callable[[str], str | None] | None
) -> dict[str, Any]:
    action = {"name": transition.name, "label": transition.label}
    if reasons := refusals(obj, transition):
        why = [{"code": reason.code, "detail": reason.detail} for reason in reasons]
        return {**action, "allowed": False, "reasons": why}
    return {
        **action,
        "allowed": True,
        "href": None if href is None else href(transition.name),
        "needs": input_schema(transition.data),
    }
