"""Editing: which columns people may change by themselves, in which state."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from django.db.models import Field, Model

from .registry import Contract, contracts_of
from .roles import roles_of
from .states import State
from .who import Who

Editors = Mapping[Who, tuple[str, ...]]


def editors_in(contract: Contract, state: State) -> Editors:
    """Who may edit which columns in this state."""
    if state.editable is not None:
        return state.editable
    if not state.initial or state.owner is None:
        return {}
    return {state.owner: columns_by_default(contract)}


def editable_columns(obj: Any, user: Any) -> tuple[str, ...]:
    """The columns this user may edit now, in the order of the model.

    Of several workflows each may give some: what one present state allows is allowed.
    """
    found: set[str] = set()
    for contract in contracts_of(obj):
        state = contract.state(contract.state_of(obj))
        found |= _columns_of(editors_in(contract, state), obj, user)
    return tuple(field.name for field in obj._meta.concrete_fields if field.name in found)


def editable_states(obj: Any, user: Any) -> dict[str, list[State]]:
    """The columns this user may edit in any state of this object, each with those states."""
    states: dict[str, list[State]] = {}
    for contract, state in _states_of(obj):
        for name in _columns_of(editors_in(contract, state), obj, user):
            states.setdefault(name, []).append(state)
    return states


def editors_of(obj: Any, column: str | None = None) -> tuple[Who, ...]:
    """Who may edit this column in some state, each named once; without one, any column."""
    everybody = (editors_in(contract, state).items() for contract, state in _states_of(obj))
    found = (
        one
        for group in everybody
        for who, columns in group
        if (columns if column is None else column in columns)
        for one in who.alternatives()
    )
    return tuple(dict.fromkeys(found))


def _states_of(obj: Any) -> Iterator[tuple[Contract, State]]:
    return ((contract, state) for contract in contracts_of(obj) for state in contract.states.all())


def can_be_edited(field: Any) -> bool:
    """Whether this is a column whose values people may enter."""
    return bool(isinstance(field, Field) and field.column and field.editable) and not (
        field.primary_key or field.many_to_many
    )


@cache
def columns_by_default(contract: Contract) -> tuple[str, ...]:
    """What the owner of the initial state may edit where the contract does not say.

    A column that says who holds a role is left out: whoever could change it could pass his role
    on, or get rid of one that forbids him something.
    """
    kept = {*contract.protected, *_columns_of_roles(contract)}
    fields = contract.model._meta.concrete_fields
    return tuple(f.name for f in fields if can_be_edited(f) and f.name not in kept)


def _columns_of(editors: Editors, obj: Model, user: Any) -> set[str]:
    admitted = (columns for who, columns in editors.items() if columns and who.admits(user, obj))
    return {name for columns in admitted for name in columns}


def _columns_of_roles(contract: Contract) -> Iterator[str]:
    """Of every workflow of the model: the first step of the path to whoever holds a role."""
    roles = (role for workflow in contract.workflows for role in roles_of(workflow))
    return (role.column.partition("__")[0] for role in roles if role.column is not None)
