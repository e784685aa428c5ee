"""Promises: what must be true of an object and its rows, whatever has happened to it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from workflows_app.contract.registry import Contract, contract_of, contracts
from workflows_app.contract.transitions import Transition
from workflows_app.models import EffectRun, Kind, Operation
from workflows_app.models.identity import object_id_of

from .invariants import INVARIANTS
from .invariants.rows import rows_of

#: The others ask whether somebody came in time, or what the outside has heard.
AT_ANY_MOMENT = ("I1", "I5", "I6", "I8", "I9", "I10", "I12")


def broken_promises(obj: Any) -> list[str]:
    """What is not as it must be, in words; empty for an object that is in order.

    The invariants that hold at any moment do; and each operation begins where the one before has
    led, and was a legal move; the row stands where the last one led; a run is there once for each
    time it was asked for. The object is read anew.
    """
    obj = type(obj)._base_manager.using(obj._state.db).get(pk=obj.pk)
    about = (contract_of(obj).object_type, object_id_of(obj))
    rows = rows_of(obj._state.db, (), only=about)
    operations = rows.operations.get(about, [])
    return [
        *(told for name in AT_ANY_MOMENT for told in INVARIANTS[name](rows)),
        *(told for one in _contracts(obj) for told in _moves(one, obj, operations)),
        *_runs(operations, rows.runs),
    ]


def _contracts(obj: Any) -> list[Contract]:
    mine = contract_of(obj).object_type
    return [one for one in contracts() if one.object_type == mine]


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
    steps = (*contract.transitions.values(), *contract.clock_steps)
    named = (one for one in steps if one.name == operation.transition)
    return any(_may_lead(one, operation) for one in named)


def _may_lead(transition: Transition, operation: Operation) -> bool:
    stays = None in transition.targets and operation.target == operation.source
    begins = operation.source in transition.sources or transition.creates
    return begins and (stays or operation.target in transition.targets)


def _runs(operations: list[Operation], runs: list[EffectRun]) -> Iterator[str]:
    asked = Counter((run.operation_id, run.position) for run in runs)
    for (operation, position), times in asked.items():
        if times > 1:
            yield f"operation {operation} has {times} runs in place {position}."
    known = {one.pk for one in operations}
    strangers = [run for run in runs if run.operation_id not in known]
    yield from (f"{run} was asked for by no operation of it." for run in strangers)
