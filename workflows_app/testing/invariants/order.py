"""Invariants of order: one after the other in a lane, and none waits for nobody."""

from collections.abc import Iterator
from itertools import pairwise

from workflows_app.engine.settle import frees_its_lane
from workflows_app.models import EffectRun, EventKind, RunState
from workflows_app.models.effect_run import GROUP

from .rows import Rows

#: A run in one of these has its turn, or had it and keeps the others waiting.
HAS_ITS_TURN = (RunState.QUEUED, RunState.RUNNING, RunState.WAITING, RunState.IN_DOUBT)


def i5(rows: Rows) -> Iterator[str]:
    """Per lane, first call order = seq order, no overlap of `running` in a lane."""
    for lane, runs in rows.lanes.items():
        passed_on = {run.undoes_id for run in runs}  # to its undo, while it still waits
        for run in runs:
            if run.state in HAS_ITS_TURN and run.holds_lane != lane and run.pk not in passed_on:
                yield f"{run} is {run.state}, and does not hold its lane {lane}."
        yield from _out_of_order(rows, [run for run in runs if _goes_in_order(rows, run)])


def i10(rows: Rows) -> Iterator[str]:
    """Held ⇒ an open predecessor exists."""
    for run in rows.runs:
        if run.state == RunState.HELD:
            yield from _waits_for_nobody(rows, run)
    for lane, holder in rows.holders.items():
        if holder.settled and frees_its_lane(holder):
            yield f"{holder} is {holder.state}, and still holds the lane {lane}."
    yield from _repaired(rows)
    for run in rows.runs:
        if run.settled and run.holds_slot is not None:
            yield f"{run} is {run.state}, and still has the place {run.holds_slot}."


def _has_a_place(rows: Rows, run: EffectRun) -> bool:
    """Whether its place is that of its operation: not an undo's, nor that of what began again."""
    return run.undoes_id is None and not rows.events_of(run, EventKind.REPLAYED)


def _waits_for_nobody(rows: Rows, run: EffectRun) -> Iterator[str]:
    before = [one for one in rows.runs_of(run.operation) if one.position < run.position]
    if run.safety == GROUP:
        if not any(one.group_id == run.pk and not one.settled for one in rows.runs):
            yield f"{run} waits for its members, which are all settled."
    elif run.may_go:
        yield f"{run} is held, and its group, its lane and its limit let it go."
    elif run.lane is not None and run.lane not in rows.holders:
        yield f"{run} waits in the lane {run.lane}, which nobody holds."
    elif rows.quiet and run.waits_for_room and run.limit_key not in rows.limits:
        yield f"{run} waits for room in {run.limit_key}, where nobody is."
    elif not run.in_turn and all(one.settled for one in before):
        yield f"{run} waits for its turn in a group, and nobody is before it."


def _goes_in_order(rows: Rows, run: EffectRun) -> bool:
    """Not an undo, in the place of what it undoes at any time, nor what a person began again."""
    return run.undoes_id is None and not rows.events_of(run, EventKind.REPLAYED)


def _out_of_order(rows: Rows, runs: list[EffectRun]) -> Iterator[str]:
    begun = [(run.first_attempt_at, run) for run in runs if run.first_attempt_at is not None]
    for (earlier, one), (later, other) in pairwise(begun):
        if earlier > later:
            yield f"{other} (version {other.version}) was begun before {one} ({one.version})."
    called = [run for run in runs if run.pk in rows.calls]
    for one, other in pairwise(called):
        if rows.first_call_of(one) > rows.first_call_of(other):
            yield f"{other} (version {other.version}) was called before {one} ({one.version})."


def _repaired(rows: Rows) -> Iterator[str]:
    """The sweep had to put right what no step of ours leaves behind."""
    events = [rows.events_of(run, EventKind.LANE_REPAIRED) for run in rows.runs]
    lanes = [event.data.get("lane") for of_run in events for event in of_run]
    if len(lanes) != rows.repairs:
        yield f"{len(lanes)} times a lane had to be repaired, not {rows.repairs}: {lanes}."
