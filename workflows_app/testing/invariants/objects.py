"""Invariants of an object: its versions are its operations, and its history tells them all."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from workflows_app.contract.registry import Contract, contract_of, first_contracts
from workflows_app.models import Kind, Operation, Removal, Tombstone
from workflows_app.models.identity import object_id_of

from .rows import About, Rows


def i9(rows: Rows) -> Iterator[str]:
    """An object's version strictly +1 per operation, history row per change."""
    begins = beginnings(rows)
    for contract in first_contracts():
        objects, snapshots = objects_of(rows, contract), _snapshots(rows, contract)
        for object_id, obj in objects.items():
            about = (contract.object_type, object_id)
            operations = rows.operations.get(about, [])
            yield from _versions(obj, operations, begins.get(about, 0))
            if snapshots is not None:
                yield from _history(obj, operations, snapshots.get(obj.pk, []))
        gone = {about for about in rows.operations if about[0] == contract.object_type}
        for about in gone - {(contract.object_type, one) for one in objects}:
            yield from _deleted(about, rows.operations[about], begins.get(about, 0))


def beginnings(rows: Rows) -> dict[About, int]:
    """The first version that was not pruned, of objects of which something was."""
    pruned = Tombstone.objects.using(rows.using).filter(kind=Removal.PRUNE)
    found: dict[About, int] = {}
    for one in pruned.order_by("version"):
        found[one.object_type, one.object_id] = (one.version or 0) + 1
    return found


def objects_of(rows: Rows, contract: Contract) -> dict[str, Any]:
    """The objects of a model by the text of their keys."""
    objects = contract.model._base_manager.using(rows.using)
    if rows.only is None:
        return {object_id_of(one): one for one in objects.all()}
    object_type, object_id = rows.only
    mine = objects.filter(pk=object_id) if object_type == contract.object_type else objects.none()
    return {object_id_of(one): one for one in mine}


def _snapshots(rows: Rows, contract: Contract) -> dict[Any, list[Any]] | None:
    """The history of each object, oldest first; None for a model that keeps none of ours."""
    manager: Any = getattr(contract.model, "history", None)
    if not hasattr(getattr(manager, "model", None), "operation_id"):
        return None
    key = contract.model._meta.pk.attname
    mine = {} if rows.only is None else {key: rows.only[1]}
    snapshots = manager.using(rows.using)
    found: dict[Any, list[Any]] = defaultdict(list)
    if rows.only is None or rows.only[0] == contract.object_type:
        for one in snapshots.filter(**mine).order_by("history_id"):
            found[getattr(one, key)].append(one)
    return found


def _versions(obj: Any, operations: list[Operation], begins: int) -> Iterator[str]:
    found = [one.version for one in operations]
    as_it_came = not found and obj.version == 0  # adopted by its first command
    if not as_it_came and found != list(range(begins, obj.version + 1)):
        yield f"{_name(obj)} is at version {obj.version}, and its operations are of {found}."


def _history(obj: Any, operations: list[Operation], snapshots: list[Any]) -> Iterator[str]:
    # A row that was found keeps what it has; one that is placed begins with the place it got.
    placed = any(one.kind == Kind.IMPORT for one in operations)
    quiet = (Kind.ADOPT, Kind.CREATE) if placed else (Kind.ADOPT,)
    silent = {one.pk for one in operations if one.kind in quiet}
    by_operation = Counter(one.operation_id for one in snapshots if one.operation_id)
    for one in operations:
        if one.pk not in silent and by_operation[one.pk] != 1:
            yield f"{one} has {by_operation[one.pk]} snapshots in its history."
    for name in contract_of(obj).protected if snapshots else ():
        if getattr(snapshots[-1], name) != getattr(obj, name):
            told = getattr(snapshots[-1], name)
            yield f"{_name(obj)}: the newest snapshot says {name}={told!r}."


def _deleted(about: About, operations: list[Operation], begins: int) -> Iterator[str]:
    found = [one.version for one in operations]
    if found != list(range(begins, begins + len(found))):
        yield f"{about[0]} {about[1]} is gone, and its operations were of {found}."
    if operations[-1].kind != Kind.DELETE:
        yield f"{about[0]} {about[1]} is gone, and no operation says so."


def _name(obj: Any) -> str:
    return f"{contract_of(obj).object_type} {object_id_of(obj)}"
