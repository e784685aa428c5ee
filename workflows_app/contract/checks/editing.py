"""Can the columns that states call editable be edited at all?"""

from collections.abc import Iterator
from typing import Any

from django.core.checks import CheckMessage, Error
from django.core.exceptions import FieldDoesNotExist

from workflows_app.contract.editing import can_be_edited
from workflows_app.contract.registry import Contract


def columns_to_edit(contract: Contract) -> Iterator[CheckMessage]:
    """Every name in ``editable`` is a column that people may write."""
    for state in contract.states.all():
        named = dict.fromkeys(name for names in (state.editable or {}).values() for name in names)
        for name in named:
            yield from _fault(contract, f"{contract.workflow.__name__}, {state!r}: editable", name)


def _fault(contract: Contract, where: str, name: str) -> Iterator[CheckMessage]:
    meta = contract.model._meta
    try:
        field: Any = meta.get_field(name)
    except FieldDoesNotExist:
        yield Error(
            f"{where}: {meta.label} has no column {name!r}.",
            hint=f"Its columns: {', '.join(f.name for f in meta.fields)}.",
            obj=contract.model,
            id="workflows_app.E057",
        )
        return
    if name in contract.protected or getattr(field, "protected", False):
        yield Error(
            f"{where}: only a command writes {name!r}.",
            hint="Remove it; a transition moves the state, and every command the version.",
            obj=contract.model,
            id="workflows_app.E058",
        )
    elif not can_be_edited(field):
        yield Error(
            f"{where}: {name!r} is {_what(field)}.",
            hint="Remove it, and let the body of a transition change it.",
            obj=contract.model,
            id="workflows_app.E059",
        )


def _what(field: Any) -> str:
    if field.many_to_many:
        return "many-to-many: its rows stand in another table, and no column holds them"
    if field.auto_created or not getattr(field, "column", None):
        return "a relation without a column of its own"
    if field.primary_key:
        return "the key, which never changes"
    return "a column that the model itself says nobody edits (editable=False, auto_now, generated)"


ALL = (columns_to_edit,)
