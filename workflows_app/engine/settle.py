"""Settling: the outcome is stored whatever happens next, and the next step follows from it."""

import copy
from dataclasses import asdict
from functools import partial
from typing import Any

from django.utils import timezone

from workflows_app.contract.effects import Effect
from workflows_app.models import EffectRun, Event, EventKind, FollowUp, RunState
from workflows_app.models.clock import database_now

from .answers import Answer, Dead, Done, Happened, InDoubt, TryLater, Verdict, judge
from .follow_up import follow_up, follow_up_of
from .locking import lock_named_object, own_transaction, reconnecting
from .outbox import free_lane
from .run_events import done_attempt, write_event


def settle(using: str, run: EffectRun, effect: Effect, answer: Answer, seconds: float) -> bool:
    """Store how an attempt ended; False when the run is no longer this worker's.

    One transaction: the object's row (where something follows), the run under its fence, the
    event, the follow-up in a savepoint, the next of the lane. A connection that broke meanwhile is
    opened again: whether its commit came through or not, the fence lets the answer count once.
    """
    return reconnecting(using, partial(_settle, using, run, effect, answer, seconds))


def conclude(using: str, run: EffectRun, effect: Effect, verdict: Verdict, obj: Any) -> None:
    """Store a verdict on a run we hold, and do what follows. The object's row is locked."""
    _write_verdict(using, run, effect, verdict)
    if run.follow_up == FollowUp.PENDING:
        follow_up(using, run, effect, obj)
    if frees_its_lane(run, effect):
        free_lane(using, run)


def frees_its_lane(run: EffectRun, effect: Effect) -> bool:
    """Whether the next of its lane may go: done or skipped, or failed and followed up."""
    if run.state == RunState.FAILED:
        return run.follow_up in (FollowUp.DONE, FollowUp.UNWANTED)
    return run.state in (RunState.DONE, RunState.CANCELLED, RunState.SKIPPED)


def lock_fenced(using: str, run: EffectRun) -> EffectRun | None:
    """The run as it is, locked, if this worker's claim still holds."""
    mine = EffectRun.objects.using(using).filter(pk=run.pk, state=RunState.RUNNING, fence=run.fence)
    # Nobody writes a running run under another's fence, so what was claimed is what is stored.
    return copy.copy(run) if mine.update(fence=run.fence) else None


def _settle(using: str, run: EffectRun, effect: Effect, answer: Answer, seconds: float) -> bool:
    with own_transaction(using):
        obj = _lock_what_follows_needs(using, run, effect)
        held = lock_fenced(using, run)
        if held is None and _stored_already(using, run):
            return True
        if held is None:
            write_event(using, run, EventKind.LATE_ANSWER, attempt=run.attempts, **_told(answer))
            return False
        held.leases_lost = 0
        held.may_have_happened |= not isinstance(answer, Happened) and (
            answer.failure.kind == "unknown"
        )
        verdict = _judge(using, held, effect, answer)
        _write_attempt(using, held, verdict, seconds)
        conclude(using, held, effect, verdict, obj)
    return True


def _stored_already(using: str, run: EffectRun) -> bool:
    """Whether this very attempt was settled by a commit whose success we never heard of."""
    mine = Event.objects.using(using).filter(run=run, kind=EventKind.ATTEMPT)
    return mine.filter(data__attempt=run.attempts).exists()


def _judge(using: str, run: EffectRun, effect: Effect, answer: Answer) -> Verdict:
    if isinstance(answer, Happened):
        return Done(answer.result)
    return judge(run, effect, answer, database_now(using))


def _lock_what_follows_needs(using: str, run: EffectRun, effect: Effect) -> Any:
    if run.lane is None and not (effect.then or effect.otherwise):
        return None
    return lock_named_object(run.object_type, run.object_id, using)


def _write_attempt(using: str, run: EffectRun, verdict: Verdict, seconds: float) -> None:
    failure = None if isinstance(verdict, Done) else asdict(verdict.failure)
    next_at = verdict.at.isoformat() if isinstance(verdict, TryLater) else None
    told = {
        **done_attempt(run, seconds),
        "outcome": _OUTCOMES[type(verdict)],
        "failure": failure,
        "next_attempt_at": next_at,
    }
    write_event(using, run, EventKind.ATTEMPT, **told)


_OUTCOMES = {Done: "done", TryLater: "retry", Dead: "failed", InDoubt: "in_doubt"}


def _write_verdict(using: str, run: EffectRun, effect: Effect, verdict: Verdict) -> None:
    run.lease_until = None
    if isinstance(verdict, TryLater):
        run.state, run.due = RunState.QUEUED, verdict.at
    else:
        run.state = _STATES[type(verdict)]
        run.finished_at = None if isinstance(verdict, InDoubt) else timezone.now()
    if isinstance(verdict, Done):
        run.result, run.failure = verdict.result, None
    else:
        run.failure = asdict(verdict.failure)
    run.follow_up = FollowUp.PENDING if follow_up_of(run, effect) else FollowUp.NONE
    run.save(using=using)


_STATES = {Done: RunState.DONE, Dead: RunState.FAILED, InDoubt: RunState.IN_DOUBT}


def _told(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, Happened):
        return {"outcome": "done", "failure": None}
    return {"outcome": "failed", "failure": asdict(answer.failure)}
