"""Invariants of clocks: each fires once, or ends with the states it was for."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from workflows_app.contract.registry import Contract, Unbound, contract_for
from workflows_app.models import Timer, TimerState

from .objects import beginnings, objects_of
from .rows import Rows


def i8(rows: Rows) -> Iterator[str]:
    """Timers fire once or are cancelled by the transition that left the state."""
    caused = Counter(one.cause for several in rows.operations.values() for one in several)
    pruned, objects = beginnings(rows), dict[str, dict[str, Any]]()
    for timer in rows.timers:
        about = (timer.object_type, timer.object_id)
        yield from _count(timer, caused[timer.as_cause()], pruned=about in pruned)
        contract = _contract_of(timer)
        if not timer.live or contract is None:
            continue
        if contract.object_type not in objects:
            objects[contract.object_type] = objects_of(rows, contract)
        yield from _place(timer, contract, objects[contract.object_type].get(timer.object_id))


def _count(timer: Timer, operations: int, *, pruned: bool) -> Iterator[str]:
    if operations != timer.fired and not (pruned and operations < timer.fired):
        yield f"{timer} has fired {timer.fired} times, and caused {operations} operations."
    if timer.state == TimerState.FIRED and not timer.fired:
        yield f"{timer} is fired, and never was."
    over = timer.state in (TimerState.FIRED, TimerState.CANCELLED)
    if (over and timer.due is not None) or (timer.live is None and not over):
        yield f"{timer} is {timer.state}, live: {timer.live}, due: {timer.due}."


def _place(timer: Timer, contract: Contract, obj: Any) -> Iterator[str]:
    """A live one belongs to the state its object is in."""
    if not any(timer.clock in clock.every_name for clock in contract.clocks):
        return  # of another release
    state = "" if obj is None else contract.state_of(obj)
    if contract.clock_kept(timer.clock, state) is None:
        yield f"{timer} is live, and {state or 'nothing'!r} is no state of its clock."


def _contract_of(timer: Timer) -> Contract | None:
    try:
        return contract_for(timer.object_type, timer.field)
    except Unbound:
        return None
