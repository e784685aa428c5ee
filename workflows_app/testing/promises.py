"""Promises: what must be true of an object and its rows, whatever has happened to it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from workflows_app.contract.registry import Contract, contract_of, contracts
from workflows_app.models import EffectRun, Kind, Operation, RunState
from workflows_app.models.identity import object_id_of


def broken_promises(obj: Any) -> list[str]:
    """What is not as it must be, in words; empty for an object that is in order.

    Its versions are its operations, without a gap; each begins where the one before has led, and
    was a legal move; the row, and the newest snapshot of its history, stand where the last one
    led; a run is there once for each time it was asked for, and none waits in a lane without a
    head. The object is read anew.
    """
    obj = type(obj)._base_manager.using(obj._state.db).get(pk=obj.pk)
    about = (contract_of(obj).object_type, object_id_of(obj))
    operations = list(Operation.objects.using(obj._state.db).of(*about))
    runs = list(EffectRun.objects.using(obj._state.db).of(*about))
    return [
        *_versions(obj, operations),
        *(told for one in _contracts(obj) for told in _moves(one, obj, operations)),
        *_history(obj, operations),
        *_runs(obj, operations, runs),
        *_lanes(runs),
    ]


def _contracts(obj: Any) -> list[Contract]:
    mine = contract_of(obj).object_type
    return [one for one in contracts() if one.object_type == mine]


def _versions(obj: Any, operations: list[Operation]) -> Iterator[str]:
    found = [one.version for one in operations]
    if found != list(range(obj.version + 1)):
        yield f"it is at version {obj.version}, and its operations are of {found}."


def _moves(contract: Contract, obj: Any, operations: list[Operation]) -> Iterator[str]:
    state = contract.state_of(obj)
    if state not in contract.states.by_value:
        yield f"it stands in {state!r}, which is no state of {contract.name}."
    mine = [one for one in operations if one.field in (contract.field, "")]
    for before, after in zip(mine, mine[1:], strict=False):
        if after.source != before.target:
            yield f"{after} begins in {after.source!r}, and {before} has led to {before.target!r}."
    if mine and mine[-1].target != state:
        yield f"it stands in {state!r}, and {mine[-1]} has led to {mine[-1].target!r}."
    for one in mine:
        if one.kind in (Kind.COMMAND, Kind.SYSTEM) and not _is_legal(contract, one):
            yield f"{one} led from {one.source!r} to {one.target!r}, which no transition does."


def _is_legal(contract: Contract, operation: Operation) -> bool:
    transition = contract.transitions.get(operation.transition)
    if transition is None:
        return False
    stays = None in transition.targets and operation.target == operation.source
    begins = operation.source in transition.sources or transition.creates
    return begins and (stays or operation.target in transition.targets)


def _history(obj: Any, operations: list[Operation]) -> Iterator[str]:
    manager: Any = getattr(type(obj), "history", None)
    if not hasattr(getattr(manager, "model", None), "operation_id"):
        return
    snapshots = list(manager.using(obj._state.db).filter(**{obj._meta.pk.attname: obj.pk}))
    by_operation = Counter(one.operation_id for one in snapshots if one.operation_id)
    for one in operations:
        if one.kind != Kind.ADOPT and by_operation[one.pk] != 1:
            yield f"{one} has {by_operation[one.pk]} snapshots in its history."
    newest = max(snapshots, key=lambda one: one.history_id, default=None)
    for name in contract_of(obj).protected if newest else ():
        if getattr(newest, name) != getattr(obj, name):
            yield f"the newest snapshot says {name}={getattr(newest, name)!r}."


def _runs(obj: Any, operations: list[Operation], runs: list[EffectRun]) -> Iterator[str]:
    asked = Counter((run.operation_id, run.position) for run in runs)
    for (operation, position), times in asked.items():
        if times > 1:
            yield f"operation {operation} has {times} runs in place {position}."
    known = {one.pk for one in operations}
    strangers = [run for run in runs if run.operation_id not in known]
    yield from (f"{run} was asked for by no operation of it." for run in strangers)


def _lanes(runs: list[EffectRun]) -> Iterator[str]:
    heads = Counter(run.holds_lane for run in runs if run.holds_lane)
    for run in runs:
        if run.state == RunState.HELD and not heads[run.lane]:
            yield f"{run} waits in the lane {run.lane}, which nobody holds."
