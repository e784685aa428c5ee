"""Placing: the one door that puts a new object straight into a later state."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from workflows_app.contract.people import SYSTEM
from workflows_app.contract.permissions import has_permission
from workflows_app.contract.registry import Contract, contracts_of
from workflows_app.contract.states import State
from workflows_app.engine.idempotency import actor_label, actor_of
from workflows_app.engine.ledger import write_operation
from workflows_app.engine.locking import retrying
from workflows_app.engine.refuse import refuse_empty_columns
from workflows_app.engine.timers import keep_time
from workflows_app.engine.violations import explained
from workflows_app.failures import ContractError, Forbidden, Invalid
from workflows_app.models import Kind, Operation
from workflows_app.models.database import database_of
from workflows_app.models.protection import is_shadow
from workflows_app.models.writing import Writing, writing

from .place_rows import as_before, place_rows, told_of_row

PLACE = "place"
PERMISSION = "workflows_app.place_object"


def place(
    obj: Any,
    state: str | Mapping[str, str],
    *,
    by: Any,
    reason: str,
    since: datetime | None = None,
) -> Operation:
    """Save a new, unsaved object in this state: for imports and tests, by no transition.

    It is inserted in the initial state and moved by an operation of kind ``import``, in one
    transaction; no effect is asked for. ``since``: when it entered the state, now by default.
    With several workflows, ``state`` may be the states by field, ``{"status": "live",
    "review_status": "passed"}``: an operation for each, the last of which is returned.
    ``by`` is SYSTEM or somebody with ``workflows_app.place_object``. Raises Forbidden, Invalid
    (no reason, no such state, a column the state requires, a violated constraint).
    """
    using = database_of(obj)
    _refuse_stranger(by)
    _refuse_silence(reason)
    _refuse_stored(obj)
    wanted = _by_contract(obj, state)
    for contract, one in wanted:
        _refuse_unfit(contract, obj, one)
    wanted = [(contract, contract.states.present(one)) for contract, one in wanted]
    actor = {"actor": actor_of(by), "actor_label": actor_label(by), "reason": reason}
    user = None if by is SYSTEM else by

    def once() -> Operation:
        with (
            explained(using) as attempt,
            as_before([obj]),
            transaction.atomic(using=using),
        ):
            attempt.obj = obj
            _insert(obj, using, Writing(user=user, reason=reason, receipt=actor))
            for contract, one in wanted:
                operation = write_operation(
                    obj, using, field=contract.field, version=obj.version + 1, transition=PLACE,
                    source=contract.state_of(obj), target=one, kind=Kind.IMPORT, **actor,
                )  # fmt: skip
                _move(
                    obj,
                    using,
                    contract,
                    one,
                    since,
                    Writing(operation.id, user, reason, field=contract.field),
                )
        return operation

    return retrying(using, once)


def place_all(objects: Iterable[Any], *, by: Any, reason: str, batch: int = 1000) -> int:
    """Save many new objects, each in the states it was built with; how many they were.

    ``place_all([Claim(title="old", status="paid", status_since=then), ...], ...)``: the same
    operations as ``place`` gives, in a few statements a batch, each batch a transaction. Neither
    ``save()`` nor its signals run. In a data migration give it instances of the migration's own
    models: what its states are called later is not asked then.
    Raises Forbidden, or Invalid as ``place`` does, with the row in its text and ``facts["row"]``,
    counted from 1. Of the batch with that row nothing is stored, and its instances are new as
    before; earlier batches stay, unless a transaction of the caller's holds them all.
    """
    _refuse_stranger(by)
    _refuse_silence(reason)
    placed, waiting = 0, []
    for number, obj in enumerate(objects, start=1):
        _refuse_stored(obj)
        with told_of_row(number):
            _refuse_unfit_states(obj)
        waiting.append(obj)
        if len(waiting) == batch:
            placed += place_rows(waiting, by, reason, after=placed)
            waiting = []
    return placed + (place_rows(waiting, by, reason, after=placed) if waiting else 0)


def _by_contract(obj: Any, state: str | Mapping[str, str]) -> list[tuple[Contract, str]]:
    """Which workflow is to be in which state. Raises Invalid where that is not clear."""
    contracts = contracts_of(obj)
    if isinstance(state, Mapping):
        known = {contract.field: contract for contract in contracts}
        if not state or not state.keys() <= known.keys():
            raise Invalid(f"Name states by their fields ({', '.join(known)}), not {list(state)}.")
        return [(one, str(state[field])) for field, one in known.items() if field in state]
    meant = [one for one in contracts if _is_state_of(one, state)]
    if len(meant) > 1:
        ways = " or ".join(f"{{{one.field!r}: {str(state)!r}}}" for one in meant)
        raise Invalid(f"{str(state)!r} is a state of several workflows; write {ways}.")
    if not meant and len(contracts) > 1:
        raise Invalid(f"{str(state)!r} is no state of {' or '.join(c.name for c in contracts)}.")
    return [((meant or contracts)[0], str(state))]


def _is_state_of(contract: Contract, state: str) -> bool:
    """A ``State`` is itself; a text may be any state that is stored so."""
    known = contract.states.by_every_value.get(str(state))
    return known is not None and (known is state or not isinstance(state, State))


def _insert(obj: Any, using: str, command: Writing) -> None:
    with writing(obj, command):
        obj.save(using=using)


def _move(
    obj: Any,
    using: str,
    contract: Contract,
    state: str,
    since: datetime | None,
    command: Writing,
) -> None:
    with writing(obj, command):
        setattr(obj, contract.field, state)
        setattr(obj, contract.since_field, since or timezone.now())
        obj.version += 1
        obj.save(using=using)
    begun = getattr(obj, contract.since_field)
    keep_time(using, obj, {contract.field: str(contract.states.initial)}, since=begun)


def _refuse_stranger(by: Any) -> None:
    actor_of(by)
    if by is not SYSTEM and not has_permission(by, PERMISSION):
        raise Forbidden(f"You need the permission {PERMISSION} to place an object.")


def _refuse_silence(reason: str) -> None:
    if not reason.strip():
        raise Invalid("Say why: placing an object needs a reason.")


def _refuse_stored(obj: Any) -> None:
    if not obj._state.adding:
        raise ContractError(
            f"{obj._meta.label} {obj.pk} is stored already: place() is for a new object. Move this"
            " one with execute(obj.<transition>, by=user)."
        )


def _refuse_unfit_states(obj: Any) -> None:
    """The states it was built with, unless it is of a data migration."""
    if not is_shadow(type(obj)):
        for contract in contracts_of(obj):
            _refuse_unfit(contract, obj, contract.state_of(obj))


def _refuse_unfit(contract: Contract, obj: Any, state: str) -> None:
    if not contract.knows(str(state)):
        known = ", ".join(contract.states.by_value)
        raise Invalid(f"{str(state)!r} is no state of {contract.name}: {known}.")
    refuse_empty_columns(contract.state(state), obj)
