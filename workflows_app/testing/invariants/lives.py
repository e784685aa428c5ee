"""Invariants of a run's own life: it ends once, by whom it may, in its time and its budget."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Any

from workflows_app.conf import settings
from workflows_app.contract.effects import Effect
from workflows_app.contract.groups import effects_in
from workflows_app.contract.registry import Contract, Unbound, contract_for
from workflows_app.engine.answers import JITTER
from workflows_app.models import EffectRun, Event, EventKind, FollowUp, Kind, Operation, RunState
from workflows_app.models.effect_run import GROUP

from .rows import Rows

#: By how much the clocks of a process and of the database may differ.
SLACK = timedelta(seconds=1)


def i1(rows: Rows) -> Iterator[str]:
    """Every accepted effect reaches exactly one terminal state or is open with an owner and
    deadline.
    """
    for operations in rows.operations.values():
        yield from _lost(rows, operations)
    for run in rows.runs:
        yield from _unsettled(run) if run.settled else _left_alone(rows, run)
        ends = [one for one in rows.events[run.pk] if _is_done(one)]
        if len(ends) > 1 + len(rows.events_of(run, EventKind.REPLAYED)):
            yield f"{run} was done {len(ends)} times."
        if rows.quiet and _is_at_work(run):
            yield f"{run} is {run.state}, its follow-up {run.follow_up}: it is not at rest."


def i6(rows: Rows) -> Iterator[str]:
    """Final status written only by the current fence (late results only in the attempt log / as
    evidence).
    """
    for run in rows.runs:
        answers = [one for one in rows.events_of(run, EventKind.ATTEMPT) if "late" not in one.data]
        answered = Counter(one.data["attempt"] for one in answers)
        lost = Counter(one.data["attempt"] for one in rows.events_of(run, EventKind.LEASE_LOST))
        begun = 1 + len(rows.events_of(run, EventKind.REPLAYED))  # each time it counts anew
        for attempt, times in (answered + lost).items():
            if times > begun:
                yield f"attempt {attempt} of {run} ended {times} times."
        if run.fence < answered.total() + 2 * lost.total():
            yield f"{run} has fence {run.fence} after {answered.total()} answers and {lost} losses."
        attempted = run.safety != GROUP
        if run.state == RunState.DONE and attempted and not any(map(_is_done, rows.events[run.pk])):
            yield f"{run} is done, and nobody who held it said so."


def i11(rows: Rows) -> Iterator[str]:
    """Lag: due → started p99 bound."""
    if rows.lag is None:
        return
    late = sorted(_waits(rows))
    if late and late[ceil(len(late) * 0.99) - 1] > rows.lag:
        yield f"1 of 100 effects begins more than {late[ceil(len(late) * 0.99) - 1]} late."


def i12(rows: Rows) -> Iterator[str]:
    """Attempts ≤ max, spacing ≥ backoff×(1−jitter)."""
    for run in rows.runs:
        effect = rows.effect_of(run)
        if effect is None:
            continue
        if run.attempts > effect.retry.times:
            yield f"{run} was attempted {run.attempts} times of {effect.retry.times}."
        answers = rows.events_of(run, EventKind.ATTEMPT, EventKind.LEASE_LOST)
        if not rows.events_of(
            run, EventKind.RETRIED, EventKind.REPLAYED
        ):  # a person would not wait
            yield from _too_soon(run, effect, answers)


def i13(rows: Rows) -> Iterator[str]:
    """No row stays `running` > lease + sweep."""
    for run in rows.runs:
        if run.state != RunState.RUNNING or run.lease_until is None or not rows.effect_of(run):
            continue
        if run.lease_until + settings.SWEEP_EVERY < rows.now - SLACK:
            yield f"{run} was leased until {run.lease_until}, and it is {rows.now}."
        if run.lease_until > rows.now + settings.LEASE + SLACK:
            yield f"{run} is leased until {run.lease_until}, for longer than a lease."


def _lost(rows: Rows, operations: list[Operation]) -> Iterator[str]:
    """Effects that an operation of this very contract asked for, and that are not there."""
    for one in operations:
        contract = _contract_behind(one)
        transition = contract and contract.transition_named(one.transition)
        if one.kind not in (Kind.COMMAND, Kind.SYSTEM, Kind.CREATE) or not transition:
            continue
        if one.source == one.target and None in transition.targets:
            continue  # nobody can tell a stay from a new entry
        entries = transition.at(one.source).effects_for(one.target)
        asked = {effect.name for effect in effects_in(entries)}
        known = [(run, rows.effect_of(run)) for run in rows.runs_of(one)]
        there = {effect.name if effect else run.effect for run, effect in known}
        yield from (f"{one} asked for {name}, and there is no run." for name in asked - there)


def _contract_behind(operation: Operation) -> Contract | None:
    try:
        contract = contract_for(operation.object_type, operation.field)
    except Unbound:
        return None
    return contract if contract.version == operation.contract_version else None


def _unsettled(run: EffectRun) -> Iterator[str]:
    if run.finished_at is None or run.lease_until is not None:
        yield f"{run} is {run.state}, finished at {run.finished_at}, leased {run.lease_until}."


def _left_alone(rows: Rows, run: EffectRun) -> Iterator[str]:
    """Open: the clock, an earlier run or a person comes for it."""
    if run.finished_at is not None:
        yield f"{run} is {run.state}, and finished at {run.finished_at}."
    if run.state == RunState.RUNNING and run.lease_until is None:
        yield f"{run} is running, and nothing ends its lease."
    if run.state == RunState.QUEUED and run.due is None:
        yield f"{run} is queued, and never due."
    if run.state == RunState.IN_DOUBT and not _has_owner(rows, run):
        yield f"{run} is in doubt, and nobody owns it."


def _has_owner(rows: Rows, run: EffectRun) -> bool:
    """The effect's, or that of a state it may stand in: the contract's checks see to it."""
    effect = rows.effect_of(run)
    return effect is None or bool(effect.owner or effect.otherwise)


def _is_done(event: Event) -> bool:
    """Whether it says, with the right to, that the run is done."""
    if event.kind in (EventKind.ATTEMPT, EventKind.PROBED, EventKind.CONFIRMED):
        return bool(event.data["outcome"] == "done" and event.data.get("counts", True))
    return event.kind == EventKind.RESOLVED and bool(event.data["happened"])


def _is_at_work(run: EffectRun) -> bool:
    by_itself = (RunState.QUEUED, RunState.RUNNING)
    follows = run.follow_up == FollowUp.PENDING and run.follow_up_due is not None
    return run.state in by_itself or follows


def _waits(rows: Rows) -> Iterator[timedelta]:
    """How long runs that nothing held up waited for a worker, or are waiting."""
    for run in rows.runs:
        held_up = run.lane or run.limit_key or run.group_id or run.undoes_id
        if run.first_attempt_at is not None and not held_up:
            yield run.first_attempt_at - run.operation.accepted_at
        elif run.state == RunState.QUEUED and run.due is not None:
            yield rows.now - run.due


def _too_soon(run: EffectRun, effect: Effect, answers: list[Event]) -> Iterator[str]:
    """Attempts that began before the pause after the one before it was over."""
    earliest = run.first_attempt_at
    for one in answers:
        if earliest is not None and one.kind == EventKind.ATTEMPT:
            pause = effect.retry.delay(one.data["attempt"]) * (1 - JITTER)
            ended = earliest + timedelta(seconds=one.data.get("seconds", 0))
            again = _next_of(one)
            if again is not None and again < ended + pause - SLACK:
                yield f"attempt {one.data['attempt']} of {run} is repeated at {again}: too soon."
        earliest = _next_of(one)
    for one, other in pairwise(answers):
        again, began = _next_of(one), other.at - timedelta(seconds=other.data.get("seconds", 0))
        if again is not None and began < again - SLACK:
            yield f"attempt {other.data['attempt']} of {run} began {again - began} too soon."


def _next_of(event: Event) -> datetime | None:
    """When the attempt after this one was to be made; None where it says nothing of that."""
    said: Any = event.data.get("next_attempt_at")
    return datetime.fromisoformat(said) if said else None
