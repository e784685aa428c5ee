"""Settling many at once: what is done, and nothing follows from.

A commit for each of a thousand recomputations costs more than the recomputations.
"""

import json
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import connections
from django.utils import timezone

from workflows_app.contract.effects import Effect, Safety
from workflows_app.models import EffectRun, Event, EventKind, FollowUp, RunState
from workflows_app.models.identity import uuid7

from .answers import Answer, Happened
from .locking import lock_free_objects, own_transaction, reconnecting
from .outbox import promote
from .run_events import done_attempt


@dataclass(frozen=True)
class Finished:
    """A run whose handler has returned, and whose outcome is not stored yet."""

    run: EffectRun
    effect: Effect
    answer: Answer
    seconds: float


def settles_with_others(finished: Finished) -> bool:
    """Whether it is done, and nothing follows but the next of its lane."""
    run, effect = finished.run, finished.effect
    alone = run.limit_key is None and run.group_id is None
    follows = effect.then or effect.accepted_then
    return isinstance(finished.answer, Happened) and alone and not follows


def may_wait(finished: Finished) -> bool:
    """Whether it may be stored a moment later, with more: repeating it is harmless."""
    harmless = finished.effect.safety is Safety.REPLAY_SAFE and finished.run.lane is None
    return harmless and settles_with_others(finished)


def settle_many(using: str, finished: list[Finished]) -> list[bool]:
    """Store these outcomes in one transaction, each under its run's fence; which were stored.

    Left out are those that somebody else decided, or has locked. A connection that broke meanwhile
    is opened again: if its commit came through nevertheless, nothing is left to store, and
    ``settle()`` finds each to be stored already.
    """
    stored = reconnecting(using, partial(_settle_many, using, finished)) if finished else set()
    return [one.run.pk in stored for one in finished]


def _settle_many(using: str, finished: list[Finished]) -> set[object]:
    store = _store_at_once if connections[using].vendor == "postgresql" else _store_in_steps
    with own_transaction(using):
        free = _without_locked_objects(using, finished)
        stored = store(using, free)
        _free(using, [one.run.holds_lane for one in free if one.run.pk in stored])
    return stored


def _without_locked_objects(using: str, finished: list[Finished]) -> list[Finished]:
    """Those whose objects we have locked, or who hold no lane.

    A lane is let go under the lock of its object: an acceptance beside us must see that it is
    free, or we see what it adds.
    """
    ids = defaultdict(set)
    for one in finished:
        if one.run.holds_lane:
            ids[one.run.object_type].add(one.run.object_id)
    ours = {name: lock_free_objects(name, ids[name], using) for name in sorted(ids)}
    return [
        one
        for one in finished
        if not one.run.holds_lane or one.run.object_id in ours[one.run.object_type]
    ]


def _free(using: str, lanes: list[str | None]) -> None:
    """Give what was let go of to those that wait. Mostly there are none."""
    if any(lanes):
        waiting = EffectRun.objects.using(using).filter(lane__in=lanes, state=RunState.HELD)
        for lane in set(waiting.values_list("lane", flat=True)):
            promote(using, str(lane))


_RUNS, _EVENTS = EffectRun._meta.db_table, Event._meta.db_table
_AT_ONCE = f"""
WITH finished AS MATERIALIZED (
    SELECT run.id, told.result, told.event_id, told.data,
        run.object_type, run.object_id, run.operation_id
    FROM {_RUNS} run
    JOIN JSONB_TO_RECORDSET(%s::jsonb)
        AS told(run_id uuid, fence bigint, result jsonb, event_id uuid, data jsonb)
        ON run.id = told.run_id AND run.fence = told.fence
    WHERE run.state = 'running' AND run.superseded_by_id IS NULL AND run.contradiction IS NULL
    ORDER BY run.id FOR UPDATE OF run SKIP LOCKED
), stored AS (
    UPDATE {_RUNS} run SET state = 'done', result = finished.result, failure = NULL,
        lease_until = NULL, due = NULL, leases_lost = 0, holds_lane = NULL, finished_at = %s,
        may_have_happened = run.may_have_happened AND run.safety <> 'committed',
        follow_up = 'none', follow_up_attempts = 0
    FROM finished WHERE run.id = finished.id RETURNING run.id
), told AS (
    INSERT INTO {_EVENTS}
        (id, object_type, object_id, operation_id, run_id, kind, actor, data, at)
    SELECT event_id, object_type, object_id, operation_id, id, %s, 'system', data, %s
    FROM finished
)
SELECT id FROM stored
"""  # noqa: S608  only names of our own tables and columns


def _store_at_once(using: str, finished: list[Finished]) -> set[object]:
    """PostgreSQL does all of it in one statement."""
    now = timezone.now()
    told = json.dumps(
        [
            {
                "run_id": str(one.run.pk),
                "fence": one.run.fence,
                "result": _result(one),
                "event_id": str(uuid7()),
                "data": done_attempt(one.run, one.seconds),
            }
            for one in finished
        ]
    )
    with connections[using].cursor() as cursor:
        cursor.execute(_AT_ONCE, [told, now, EventKind.ATTEMPT.value, now])
        return {key for (key,) in cursor.fetchall()}


def _store_in_steps(using: str, finished: list[Finished]) -> set[object]:
    mine_still = _lock_fenced(using, finished)
    held = [one for one in finished if one.run.pk in mine_still]
    mine = EffectRun.objects.using(using).filter(pk__in=[one.run.pk for one in held])
    mine.filter(safety=Safety.COMMITTED).update(may_have_happened=False)
    mine.update(
        state=RunState.DONE,
        result={},
        failure=None,
        lease_until=None,
        due=None,
        leases_lost=0,
        holds_lane=None,
        finished_at=timezone.now(),
        follow_up=FollowUp.NONE,
        follow_up_attempts=0,
    )
    _store_results(using, held)
    Event.objects.using(using).bulk_create([_event(one) for one in held])
    return {one.run.pk for one in held}


def _lock_fenced(using: str, finished: list[Finished]) -> set[object]:
    fences = {one.run.pk: one.run.fence for one in finished}
    mine = EffectRun.objects.using(using).filter(
        pk__in=fences, superseded_by__isnull=True, contradiction__isnull=True
    )
    running = mine.filter(state=RunState.RUNNING)
    locked = running.order_by("pk").select_for_update(skip_locked=True).values_list("pk", "fence")
    return {pk for pk, fence in locked if fence == fences[pk]}


def _store_results(using: str, held: list[Finished]) -> None:
    told = [one for one in held if _result(one)]
    for one in told:
        one.run.result = _result(one)
    if told:
        EffectRun.objects.using(using).bulk_update([one.run for one in told], ["result"])


def _result(one: Finished) -> dict[str, Any]:
    return one.answer.result if isinstance(one.answer, Happened) else {}


def _event(one: Finished) -> Event:
    data = done_attempt(one.run, one.seconds)
    return Event(kind=EventKind.ATTEMPT, actor="system", data=data, **one.run.fact())
