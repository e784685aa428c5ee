"""Invariants of what left: what the outside has heard is what our rows say it may have heard."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from workflows_app.contract.effects import Safety
from workflows_app.models import EffectRun, Event, EventKind, FollowUp, RunState
from workflows_app.models.effect_run import GROUP, SupersededAs

from .rows import Heard, Rows


def i2(rows: Rows) -> Iterator[str]:
    """No remote call without a committed effect row."""
    for one in rows.heard:
        run = rows.run_by_id.get(one.run) if one.run else None
        if run is None:
            yield f"the outside was called with {one.key!r}, and no run has that key."
        elif not run.fence:
            yield f"the outside was called for {run}, which nobody has ever claimed."


def i3(rows: Rows) -> Iterator[str]:
    """Committed effects: remote calls with distinct intents ≤ 1 per generation unless an audited
    person said "did not happen".
    """
    for run in rows.runs:
        if run.safety != Safety.COMMITTED:
            continue
        unsent = [one for one in rows.events[run.pk] if _says_not_sent(one)]
        by_person = [one for one in unsent if one.kind == EventKind.RESOLVED]
        for key, calls in _by("key", rows.calls.get(run.pk, [])).items():
            if len(calls) > 1 + len(unsent):
                yield f"{run} was sent {len(calls)} times as {key}: {len(unsent)} were not sent."
            taken = [one for one in calls if one.took]
            if len(taken) > 1 + len(by_person):
                yield f"{run} was taken {len(taken)} times as {key}."


def i4(rows: Rows) -> Iterator[str]:
    """All attempts of a generation carry the same key."""
    for run in rows.runs:
        calls = rows.calls.get(run.pk, [])
        strange = {one.key for one in calls if not 1 <= one.generation <= run.generation}
        if strange:
            yield f"{run} is of generation {run.generation}, and was called with {strange}."
        for attempt, of_it in _by("attempt", calls).items():
            keys = sorted({one.key for one in of_it})
            begun = 1 + len(rows.events_of(run, EventKind.REPLAYED))  # each time it counts anew
            if attempt is not None and len(keys) > begun:
                yield f"attempt {attempt} of {run} carried the keys {keys}."


def i7(rows: Rows) -> Iterator[str]:
    """No send *starts* after a supersession committed (T1 order), and every one that had started
    is reported.
    """
    for run in rows.runs:
        if (run.superseded_by_id is None) != (run.superseded_as == SupersededAs.NOT):
            yield f"{run} is superseded as {run.superseded_as!r} by {run.superseded_by_id}."
        is_told = run.safety == GROUP or rows.events_of(run, EventKind.SUPERSEDED)
        if run.superseded_by_id and not is_told:
            yield f"{run} is superseded by {run.superseded_by_id}, and no event says so."
        if run.superseded_as == SupersededAs.CANCELLED:
            yield from _sent_although_cancelled(rows, run)
        if run.superseded_as == SupersededAs.ALREADY_SENT:
            if run.state in (RunState.HELD, RunState.QUEUED):
                yield f"{run} is superseded, and {run.state}: it would be sent again."
            if run.follow_up in (FollowUp.PENDING, FollowUp.DONE):
                yield f"{run} is superseded, and its follow-up is {run.follow_up}."


def _sent_although_cancelled(rows: Rows, run: EffectRun) -> Iterator[str]:
    if run.state not in (RunState.CANCELLED, RunState.FAILED):
        yield f"{run} was cancelled, and is {run.state}."
    known = [EventKind.ATTEMPT]
    if any(_says_not_sent(one) for one in rows.events_of(run, EventKind.PROBED)):
        known.append(EventKind.LEASE_LOST)  # nobody answered, and the probe found nothing of it
    answered = {one.data["attempt"] for one in rows.events_of(run, *known)}
    for attempt in _by("attempt", rows.calls.get(run.pk, [])).keys() - answered - {None}:
        yield f"{run} was cancelled, and attempt {attempt} was sent."


def _says_not_sent(event: Event) -> bool:
    """An attempt that certainly did nothing, or a person who found that it did not happen."""
    if event.kind == EventKind.RESOLVED:
        return not event.data["happened"]
    failure = event.data.get("failure") or {}
    return failure.get("kind") in ("not_sent", "rejected")


def _by(member: str, calls: list[Heard]) -> dict[Any, list[Heard]]:
    found: dict[Any, list[Heard]] = defaultdict(list)
    for one in calls:
        found[getattr(one, member)].append(one)
    return found
