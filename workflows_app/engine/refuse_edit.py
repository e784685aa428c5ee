"""The refusals of an edit: who may edit nothing, not this column, or not in this state."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from workflows_app.contract.editing import editable_columns, editable_states, editors_of
from workflows_app.contract.people import SYSTEM
from workflows_app.failures import Forbidden, Invalid, NotAllowed, Reason

from .edit_transition import EDIT

PROTECTED = "protected_field"
NOTEDITABLE = "not_editable"


def refuse_stranger_to_all(obj: Any, by: Any) -> None:
    """Somebody who may edit no column of this object in any state."""
    if by is SYSTEM:
        raise Forbidden(
            "Only people edit columns; what the system changes stands in a transition's body.",
            facts={"transition": EDIT.name},
        )
    if editable_columns(obj, by) or editable_states(obj, by):
        return
    who = " or ".join(map(str, editors_of(obj)))
    told = f"Only {who} may edit this." if who else "Nobody edits this; commands change it."
    raise Forbidden(told, facts={"transition": EDIT.name, "who": who or None})


def refuse_strange_columns(by: Any, obj: Any, columns: Mapping[str, str]) -> None:
    """Columns that this person may edit in no state, and those that nobody may."""
    now = editable_columns(obj, by)
    if not (others := {m: column for m, column in columns.items() if column not in now}):
        return
    ever = editable_states(obj, by)
    editors = {m: editors_of(obj, column) for m, column in others.items()}
    if nobodys := [member for member, who in editors.items() if not who]:
        raise _protected(nobodys)
    reasons = [
        Reason(
            NOTEDITABLE,
            f"Only {' or '.join(map(str, who))} may edit {_name(obj, others[member])}.",
            f"/{member}",
        )
        for member, who in editors.items()
        if others[member] not in ever
    ]
    if reasons:
        told = " ".join(reason.detail for reason in reasons)
        raise Forbidden(told, reasons=reasons, facts={"transition": EDIT.name})


def _protected(members: list[str]) -> Invalid:
    refusal = Invalid(
        f"Only a command writes {', '.join(members)}.",
        reasons=[Reason(PROTECTED, "Only a command writes it.", f"/{m}") for m in members],
    )
    refusal.code = PROTECTED
    return refusal


def refuse_elsewhere_editable(by: Any, obj: Any, columns: Iterable[str]) -> None:
    """Columns that this person may edit, but not in the present state."""
    now = editable_columns(obj, by)
    if not (others := [name for name in columns if name not in now]):
        return
    ever = editable_states(obj, by)
    reasons = [
        Reason(NOTEDITABLE, f"{_name(obj, name)}: {_only_in(ever.get(name, ()))}.", f"/{name}")
        for name in others
    ]
    raise NotAllowed(
        " ".join(reason.detail for reason in reasons),
        reasons=reasons,
        facts={"transition": EDIT.name, "editable": list(now)},
    )


def _only_in(states: Collection[Any]) -> str:
    if not states:
        return "not to be edited"
    return f"to be edited only in {' or '.join(str(state.label) for state in states)}"


def _name(obj: Any, column: str) -> str:
    return str(obj._meta.get_field(column).verbose_name)
