"""Placing many: rows, their operations and their snapshots, a few statements for all of them.

Works on the models of a data migration as on the real ones, so it asks only for what both have.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import router, transaction
from django.utils import timezone

from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import Contract, contract_for
from workflows_app.engine.idempotency import actor_label, actor_of
from workflows_app.models import Kind


def place_rows(objects: Sequence[Any], by: Any, reason: str) -> int:
    """Insert these objects of one model and move each to the state it was built with."""
    model = type(objects[0])
    using = router.db_for_write(model)
    contract = contract_for(model._meta.label_lower)
    states = [_state_of(obj, contract) for obj in objects]
    with transaction.atomic(using=using):
        for obj in objects:
            _set(obj, contract, str(contract.states.initial), 0)
        model._base_manager.using(using).bulk_create(objects)
        imports = _write_operations(objects, states, contract, using, by, reason)
        _move(objects, states, contract, using)
        _write_snapshots(objects, imports, contract, using, by, reason)
    return len(objects)


def _state_of(obj: Any, contract: Contract) -> str:
    return str(getattr(obj, contract.field))


def _set(obj: Any, contract: Contract, state: str, version: int) -> None:
    obj.__dict__.update({contract.field: state, "version": version})


def _write_operations(
    objects: Sequence[Any],
    states: Sequence[str],
    contract: Contract,
    using: str,
    by: Any,
    reason: str,
) -> list[Any]:
    """Operation 0 of each, and the one that places it, which is returned."""
    operation = objects[0]._meta.apps.get_model("workflows_app", "Operation")
    common = {
        "object_type": contract.object_type,
        "field": contract.field,
        "contract_version": contract.version,
        "actor": actor_of(by),
        "actor_label": actor_label(by),
        "reason": reason,
    }
    initial = str(contract.states.initial)
    begun, placed = [], []
    for obj, state in zip(objects, states, strict=True):
        mine = {**common, "object_id": str(obj.pk)}
        begun.append(
            operation(
                version=0, transition="create", source="", target=initial, kind=Kind.CREATE, **mine
            )
        )
        placed.append(
            operation(
                version=1,
                transition="place",
                source=initial,
                target=state,
                kind=Kind.IMPORT,
                **mine,
            )
        )
    operation._base_manager.using(using).bulk_create(begun + placed)
    return placed


def _move(objects: Sequence[Any], states: Sequence[str], contract: Contract, using: str) -> None:
    by_state = defaultdict(list)
    for obj, state in zip(objects, states, strict=True):
        by_state[state].append(obj.pk)
        _set(obj, contract, state, 1)
    rows = type(objects[0])._base_manager.using(using)
    for state, keys in by_state.items():
        rows.filter(pk__in=keys).update(**{contract.field: state, "version": 1})


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
