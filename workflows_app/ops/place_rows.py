"""Placing many: rows, their operations and their snapshots, a few statements for all of them.

Works on the models of a data migration as on the real ones, so it asks only for what both have.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db import DataError, IntegrityError, router, transaction
from django.utils import timezone

from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import Contract, contract_of, contracts_of
from workflows_app.engine.idempotency import actor_label, actor_of
from workflows_app.engine.timers import keep_time
from workflows_app.engine.violations import explained
from workflows_app.failures import Invalid
from workflows_app.models import Kind
from workflows_app.models.protection import is_shadow


def place_rows(objects: Sequence[Any], by: Any, reason: str, *, after: int = 0) -> int:
    """Insert these objects of one model and move each to the states it was built with.

    They come ``after`` so many others: a refusal names its row by the number among all of them.
    """
    using = router.db_for_write(type(objects[0]))
    write = partial(_write, using=using, by=by, reason=reason)
    try:
        with as_before(objects), transaction.atomic(using=using):
            write(objects)
    except (IntegrityError, DataError) as error:
        _refuse_row(objects, using, write, after, error)
    return len(objects)


@contextmanager
def as_before(objects: Sequence[Any]) -> Iterator[None]:
    """Leave the instances new when their transaction fails, so that they can be placed again."""
    names = {objects[0]._meta.pk.attname, *contract_of(objects[0]).protected}
    was = [{name: obj.__dict__[name] for name in names & obj.__dict__.keys()} for obj in objects]
    try:
        yield
    except BaseException:
        for obj, values in zip(objects, was, strict=True):
            obj.__dict__.update(values)
            obj._state.adding = True
        raise


@contextmanager
def told_of_row(number: int) -> Iterator[None]:
    """A refusal names the row it is about."""
    try:
        yield
    except Invalid as refusal:
        facts = {**refusal.facts, "row": number}
        told = Invalid(f"Row {number}: {refusal.detail}", reasons=refusal.reasons, facts=facts)
        told.code = refusal.code
        raise told from refusal


def _refuse_row(
    objects: Sequence[Any],
    using: str,
    write: Callable[[Sequence[Any]], None],
    after: int,
    error: Exception,
) -> None:
    """The database says which rule is broken and not by which row: they are tried one by one."""
    with as_before(objects), explained(using), transaction.atomic(using=using):
        for number, obj in enumerate(objects, start=after + 1):
            with told_of_row(number), explained(using) as attempt, transaction.atomic(using=using):
                attempt.obj = obj
                write([obj])
        raise error  # each row is good when it is written: a deferred rule is broken


def _write(objects: Sequence[Any], using: str, by: Any, reason: str) -> None:
    model = type(objects[0])
    contracts = _contracts_here(model)
    places = [_places_of(obj, contracts) for obj in objects]
    for obj in objects:
        obj.__dict__.update({one.field: str(one.states.initial) for one in contracts})
        obj.__dict__["version"] = 0
    model._base_manager.using(using).bulk_create(objects)
    imports = _write_operations(objects, places, contracts, using, by, reason)
    for contract in contracts:
        _move(objects, places, contract, using)
    _write_snapshots(objects, imports, contracts[0], using, by, reason)
    if not is_shadow(model):  # what a migration places has none of the contract's functions
        for obj in objects:
            keep_time(using, obj)


def _contracts_here(model: type[Any]) -> list[Contract]:
    """Those whose status field the model has: that of a migration may be from before one."""
    columns = {field.name for field in model._meta.concrete_fields}
    return [contract for contract in contracts_of(model) if contract.field in columns]


def _places_of(obj: Any, contracts: Sequence[Contract]) -> dict[str, str]:
    """The states it was built with, by field, without those in which it begins anyway."""
    first = contracts[0]
    places = {one.field: str(getattr(obj, one.field)) for one in contracts}
    later = {one.field: places[one.field] for one in contracts if _is_later(one, places)}
    return later or {first.field: places[first.field]}


def _is_later(contract: Contract, places: dict[str, str]) -> bool:
    return places[contract.field] != str(contract.states.initial)


def _write_operations(
    objects: Sequence[Any],
    places: Sequence[dict[str, str]],
    contracts: Sequence[Contract],
    using: str,
    by: Any,
    reason: str,
) -> list[Any]:
    """Operation 0 of each, and those that place it, the last of which are returned."""
    operation = objects[0]._meta.apps.get_model("workflows_app", "Operation")
    common = {
        "object_type": contracts[0].object_type,
        "actor": actor_of(by),
        "actor_label": actor_label(by),
        "reason": reason,
    }
    written, last = [], []
    for obj, place in zip(objects, places, strict=True):
        mine = {**common, "object_id": str(obj.pk)}
        begun = {"version": 0, "transition": "create", "source": "", "kind": Kind.CREATE}
        written.append(operation(**mine, **begun, **_where(contracts[0])))
        moved = [one for one in contracts if one.field in place]
        for version, contract in enumerate(moved, start=1):
            placed = {"version": version, "transition": "place", "kind": Kind.IMPORT}
            placed |= {"source": str(contract.states.initial)}
            written.append(operation(**mine, **placed, **_where(contract, place[contract.field])))
        last.append(written[-1])
    operation._base_manager.using(using).bulk_create(written)
    return last


def _where(contract: Contract, state: str = "") -> dict[str, str]:
    return {
        "field": contract.field,
        "contract_version": contract.version,
        "target": state or str(contract.states.initial),
    }


def _move(
    objects: Sequence[Any], places: Sequence[dict[str, str]], contract: Contract, using: str
) -> None:
    """One version on in this workflow, for those that are placed there."""
    together = defaultdict(list)
    for obj, place in zip(objects, places, strict=True):
        if contract.field in place:
            state, version = place[contract.field], obj.__dict__["version"] + 1
            together[state, version].append(obj.pk)
            obj.__dict__.update({contract.field: state, "version": version})
    rows = type(objects[0])._base_manager.using(using)
    for (state, version), keys in together.items():
        rows.filter(pk__in=keys).update(**{contract.field: state, "version": version})


def _write_snapshots(
    objects: Sequence[Any],
    imports: Sequence[Any],
    contract: Contract,
    using: str,
    by: Any,
    reason: str,
) -> None:
    """One snapshot of each as it is placed, where the model keeps a history."""
    snapshot = _snapshot_model(objects[0], contract)
    if snapshot is None:
        return
    columns = {field.attname for field in snapshot._meta.concrete_fields}
    mine = [f.attname for f in objects[0]._meta.concrete_fields if f.attname in columns]
    about = {
        "history_date": timezone.now(),
        "history_type": "+",
        "history_change_reason": reason,
        "history_user_id": None if by is SYSTEM else by.pk,
    }
    rows = []
    for obj, operation in zip(objects, imports, strict=True):
        row = {name: getattr(obj, name) for name in mine} | about | {"operation_id": operation.pk}
        rows.append(snapshot(**{name: row[name] for name in columns & row.keys()}))
    snapshot._base_manager.using(using).bulk_create(rows)


def _snapshot_model(obj: Any, contract: Contract) -> Any:
    attribute = getattr(contract.model._meta, "simple_history_manager_attribute", None)
    if attribute is None:
        return None
    label = getattr(contract.model, attribute).model._meta.label
    try:
        return obj._meta.apps.get_model(label)
    except LookupError:  # a migration from before the model had a history
        return None
