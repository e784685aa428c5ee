"""Settling: the outcome is stored whatever happens next, and the next step follows from it."""

import copy
from dataclasses import asdict
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from workflows_app.contract.effects import Effect, Safety
from workflows_app.models import EffectRun, Event, EventKind, FollowUp, RunState
from workflows_app.models.clock import database_now
from workflows_app.models.effect_run import GROUP

from .admit import make_room
from .answers import (
    Answer,
    Cancelled,
    Dead,
    Done,
    Failed,
    Happened,
    InDoubt,
    TryLater,
    Verdict,
    Waiting,
    heed_supersession,
    judge,
)
from .evidence import hear_late, lock_what_it_settles
from .follow_up import follow_up, follow_up_of
from .groups import answer, go_on
from .locking import lock_named_object, own_transaction, reconnecting
from .outbox import free_lane
from .run_events import done_attempt, write_event
from .run_statements import hold, write
from .signals import run_waits
from .undo import follow_superseded


def settle(using: str, run: EffectRun, effect: Effect, answer: Answer, seconds: float) -> bool:
    """Store how an attempt ended; False when the run is no longer this worker's.

    One transaction: the object's row (where something follows), the run under its fence, the
    event, the follow-up in a savepoint, the next of the lane. A connection that broke meanwhile is
    opened again: whether its commit came through or not, the fence lets the answer count once.
    """
    return reconnecting(using, partial(_settle, using, run, effect, answer, seconds))


def conclude(using: str, run: EffectRun, effect: Effect, verdict: Verdict, obj: Any) -> None:
    """Store a verdict on a run we hold, and do what follows. The object's row is locked."""
    write_verdict(using, run, effect, _wanted(using, run, effect, verdict))
    if run.superseded_by_id:
        follow_superseded(using, run, effect, obj)
    if run.follow_up == FollowUp.PENDING:
        follow_up(using, run, effect, obj)
    let_others_go(using, run, obj)
    if run.state in (RunState.WAITING, RunState.IN_DOUBT):

        def tell_that_it_waits() -> None:  # no partial: of one that fails, Django logs the name
            run_waits.send(EffectRun, run=run, effect=effect, using=using)

        transaction.on_commit(tell_that_it_waits, using=using, robust=True)


def let_others_go(using: str, run: EffectRun, obj: Any) -> None:
    """What the end of a run lets go: its group, the next of its lane, the next within its limit.

    The object's row is locked.
    """
    if run.settled:
        make_room(using, run)
    if run.group_id is None and run.safety != GROUP:
        if frees_its_lane(run):
            free_lane(using, run)
        return
    if not run.settled:
        return
    for group in go_on(using, run):
        follow_up(using, group, None, obj)
    answer(using, run)


def frees_its_lane(run: EffectRun) -> bool:
    """Whether the next of its lane may go: done or skipped, or failed and followed up."""
    if run.state == RunState.FAILED:
        return run.follow_up in (FollowUp.DONE, FollowUp.UNWANTED)
    return run.state in (RunState.DONE, RunState.CANCELLED, RunState.SKIPPED)


def lock_fenced(using: str, run: EffectRun) -> EffectRun | None:
    """The run as it is, locked, if this worker's claim still holds."""
    if hold(using, run):
        # Nobody else writes a running run, so what was claimed is what is stored.
        return copy.copy(run)
    # But for what came between: that it is not wanted any more, or what speaks against it.
    mine = EffectRun.objects.using(using).filter(pk=run.pk, state=RunState.RUNNING, fence=run.fence)
    return (
        mine.select_related("operation", "superseded_by").get()
        if mine.update(fence=run.fence)
        else None
    )


def _settle(using: str, run: EffectRun, effect: Effect, answer: Answer, seconds: float) -> bool:
    with own_transaction(using):
        obj = _lock_what_follows_needs(using, run, effect)
        held = lock_fenced(using, run) or lock_what_it_settles(using, run, answer)
        if held is None and _stored_already(using, run):
            return True
        if held is None:
            hear_late(using, run, answer)
            return False
        held.leases_lost = 0
        held.may_have_happened = _may_have_happened(held, effect, answer)
        verdict = _judge(using, held, effect, answer)
        _write_attempt(using, run, verdict, seconds, late=held.state != RunState.RUNNING)
        conclude(using, held, effect, verdict, obj)
    return True


def _stored_already(using: str, run: EffectRun) -> bool:
    """Whether this very attempt was settled by a commit whose success we never heard of."""
    mine = Event.objects.using(using).filter(run=run, kind=EventKind.ATTEMPT)
    return mine.filter(data__attempt=run.attempts, data__fence=run.fence).exists()


def _may_have_happened(run: EffectRun, effect: Effect, answer: Answer) -> bool:
    """Whether some attempt is still unknown: of a committed effect, only the last can be."""
    unknown = isinstance(answer, Failed) and answer.failure.kind == "unknown"
    return unknown or (run.may_have_happened and effect.safety is not Safety.COMMITTED)


def _judge(using: str, run: EffectRun, effect: Effect, answer: Answer) -> Verdict:
    if isinstance(answer, Happened):
        return Done(answer.result)
    return _wanted(using, run, effect, judge(run, effect, answer, database_now(using)))


def _wanted(using: str, run: EffectRun, effect: Effect, verdict: Verdict) -> Verdict:
    if run.superseded_by_id is None:
        return verdict
    return heed_supersession(run, effect, verdict, database_now(using))


def _lock_what_follows_needs(using: str, run: EffectRun, effect: Effect) -> Any:
    follows = effect.then or effect.otherwise or effect.accepted_then or effect.undo
    if run.lane is None and run.group_id is None and not follows:
        return None
    return lock_named_object(run.object_type, run.object_id, using)


def _write_attempt(
    using: str, run: EffectRun, verdict: Verdict, seconds: float, *, late: bool
) -> None:
    told: dict[str, Any] = {
        **done_attempt(run, seconds),
        "outcome": _OUTCOMES[type(verdict)],
        "failure": None if isinstance(verdict, Done | Waiting) else asdict(verdict.failure),
        "next_attempt_at": verdict.at.isoformat() if isinstance(verdict, TryLater) else None,
    }
    if isinstance(verdict, InDoubt) and verdict.due is not None:
        told["asked_at"] = verdict.due.isoformat()
    if late:
        told["late"] = True
    write_event(using, run, EventKind.ATTEMPT, **told)


_OUTCOMES = {
    Done: "done",
    Waiting: "accepted",
    TryLater: "retry",
    Dead: "failed",
    InDoubt: "in_doubt",
    Cancelled: "cancelled",
}


def write_verdict(using: str, run: EffectRun, effect: Effect, verdict: Verdict) -> None:
    """Give the run the state of the verdict, and all that belongs to it."""
    run.state = _STATES[type(verdict)]
    run.lease_until, run.due, run.deadline, run.probes = None, None, None, 0
    ends = isinstance(verdict, Done | Dead | Cancelled)
    run.finished_at = timezone.now() if ends else None
    run.failure = None if isinstance(verdict, Done | Waiting) else asdict(verdict.failure)
    if isinstance(verdict, Done):
        run.result = verdict.result
    elif isinstance(verdict, Waiting):
        run.reference = verdict.reference or run.reference
        run.due, run.deadline = verdict.due, verdict.deadline
    elif isinstance(verdict, InDoubt):
        run.due, run.deadline = verdict.due, verdict.deadline
    elif isinstance(verdict, TryLater):
        run.due, run.sent_at, run.sent_fence = verdict.at, None, None
    run.follow_up = FollowUp.PENDING if follow_up_of(run, effect) else FollowUp.NONE
    run.follow_up_attempts = 0
    marks = ("sent_at", "sent_fence") if isinstance(verdict, TryLater) else ()
    write(using, run, *_OF_A_VERDICT, *marks)


_STATES = {
    Done: RunState.DONE,
    Waiting: RunState.WAITING,
    TryLater: RunState.QUEUED,
    Dead: RunState.FAILED,
    InDoubt: RunState.IN_DOUBT,
    Cancelled: RunState.CANCELLED,
}

#: What is written with a verdict. The rest is not ours to write: others may have, meanwhile.
_OF_A_VERDICT = (
    "state",
    "fence",
    "leases_lost",
    "may_have_happened",
    "lease_until",
    "due",
    "deadline",
    "probes",
    "reference",
    "result",
    "failure",
    "finished_at",
    "follow_up",
    "follow_up_attempts",
)
