"""Loaded rows: whether they say what their records say."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import Model

from workflows_app.contract.registry import Contract, contracts_of
from workflows_app.models import Kind, Operation, Removal, Tombstone
from workflows_app.models.tombstone import ERASED

BATCH = 500


def contradictions(using: str, loaded: Mapping[type[Model], Collection[Any]]) -> Iterator[str]:
    """What the rows with these keys claim, of models with a workflow and of tombstones, and their
    records do not bear out: ``"ships.Ship 7: ..."``.

    For rows that came in without being asked by the triggers of the guard.
    """
    for model, keys in loaded.items():
        ask = _of_tombstones if model is Tombstone else _of_objects
        every = list(keys)
        for start in range(0, len(every), BATCH):
            yield from ask(using, model, every[start : start + BATCH])


def _of_objects(using: str, model: Any, keys: Collection[Any]) -> Iterator[str]:
    contracts = contracts_of(model)
    fields = [contract.field for contract in contracts]
    records = _records(using, contracts[0], keys)
    rows = model._base_manager.using(using).filter(pk__in=keys)
    for key, version, *states in rows.values_list("pk", "version", *fields):
        mine = records.get(str(key), [])
        if fault := _fault(contracts, version, states, mine):
            yield f"{model._meta.label} {key}: {fault}"


def _records(
    using: str, contract: Contract, keys: Collection[Any]
) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    operations = Operation.objects.using(using).filter(
        object_type=contract.object_type, object_id__in=[str(key) for key in keys]
    )
    wanted = ("object_id", "version", "field", "target", "kind", "data")
    for row in operations.order_by("version").values(*wanted).iterator():
        found.setdefault(row["object_id"], []).append(row)
    return found


def _fault(
    contracts: Sequence[Contract], version: int, states: Sequence[str], records: Sequence[Any]
) -> str:
    """What is wrong with one row; nothing, if its last operations lead to where it stands."""
    if not records:
        if version == 0 and all(map(_begins, contracts, states)):
            return ""
        told = ", ".join(
            f"{one.field} {state!r}" for one, state in zip(contracts, states, strict=True)
        )
        return f"it stands at {told}, version {version}, and no operation leads there."
    last = records[-1]
    if last["kind"] == Kind.DELETE:
        return "its last operation deleted it."
    if last["version"] != version:
        return f"it is at version {version}, and its last operation at {last['version']}."
    for contract, state in zip(contracts, states, strict=True):
        said = _state_said(contracts, contract, records)
        if said is not None and contract.states.present(said) != contract.states.present(state):
            return f"its {contract.field} is {state!r}, and its operations lead to {said!r}."
    return ""


def _begins(contract: Contract, state: str) -> bool:
    return contract.states.present(state) in contract.beginnings


def _state_said(
    contracts: Sequence[Contract], contract: Contract, records: Sequence[Any]
) -> str | None:
    """Where the operations of this workflow lead; None if those that say so are gone."""
    for row in reversed(records):
        # The only workflow may have had another field when it was written.
        if row["field"] == contract.field or len(contracts) == 1:
            return str(row["target"])
    first = records[0]
    if first["kind"] == Kind.ADOPT:
        found: str | None = first["data"].get("states", {}).get(contract.field)
        return found
    return str(contract.states.initial) if first["version"] == 0 else None


def _of_tombstones(using: str, model: Any, keys: Collection[Any]) -> Iterator[str]:
    for tombstone in Tombstone.objects.using(using).filter(pk__in=keys):
        if any(_is_left(tombstone, row) for row in _covered(using, tombstone)):
            yield f"{model._meta.label} {tombstone.pk}: what it says is gone is there."


def _covered(using: str, tombstone: Tombstone) -> Iterator[Operation]:
    operations = Operation.objects.using(using)
    if tombstone.whose:
        upto = tombstone.last_operation
        return operations.filter(actor=tombstone.whose, pk__lte=upto).iterator()
    mine = operations.of(tombstone.object_type, tombstone.object_id)
    return mine.filter(version__lte=tombstone.version).iterator()


def _is_left(tombstone: Tombstone, row: Operation) -> bool:
    """Whether something of an operation is left that the tombstone would let anybody take away."""
    if tombstone.kind == Removal.PRUNE:
        return True
    if tombstone.whose:
        return row.actor_label != ERASED
    says_nothing = (row.data, row.key, row.fingerprint) == ({"erased": True}, None, "")
    return not (says_nothing and row.reason in ("", ERASED))
