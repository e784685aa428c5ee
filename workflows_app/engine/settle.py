"""Settling: the outcome is stored whatever happens next, and the next step follows from it."""

import copy
import logging
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import connections, transaction
from django.utils import timezone

from workflows_app.contract.data import keep_declared
from workflows_app.contract.effects import Effect
from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import contract_of
from workflows_app.failures import NotAllowed, Recorded, Refused
from workflows_app.models import EffectRun, Event, EventKind, FollowUp, RunState
from workflows_app.models.clock import database_now

from .accept import execute
from .answers import Answer, Dead, Done, Happened, InDoubt, TryLater, Verdict, judge
from .locking import is_passing, lock_named_object, own_transaction, reconnecting
from .outbox import free_lane
from .request import Cause
from .traces import untold

logger = logging.getLogger("workflows_app")

FOLLOW_UP_TRIES = 5
FOLLOW_UP_FIRST_PAUSE = timedelta(seconds=2)
#: After a look at something that only the code of another release can do.
SNOOZE = timedelta(seconds=30)


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


def follow_up(using: str, run: EffectRun, effect: Effect, obj: Any) -> None:
    """Run the transition that follows, in a savepoint: its refusal never undoes the outcome."""
    name = follow_up_of(run, effect)
    if obj is not None and not _can_judge(obj, name):
        logger.error("run %s: this worker's code cannot say whether %s may follow", run.id, name)
        _save(using, run, due=database_now(using) + SNOOZE)
        return
    run.follow_up_attempts += 1
    try:
        with transaction.atomic(using=using):
            _run_follow_up(run, name, obj)
    except NotAllowed as refusal:
        _follow_up_ended(using, run, FollowUp.UNWANTED, EventKind.FOLLOW_UP_UNWANTED, refusal)
    except Exception as error:
        if connections[using].needs_rollback:  # MariaDB ends the whole transaction of a deadlock
            raise
        _log(name, run, error)
        _follow_up_later(using, run, error)
    else:
        _save(using, run, follow_up=FollowUp.DONE)


def follow_up_of(run: EffectRun, effect: Effect) -> str:
    """The transition that follows the run's outcome, or ``""``."""
    if run.state == RunState.DONE:
        return effect.then or ""
    return effect.otherwise or "" if run.state == RunState.FAILED else ""


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


def write_event(using: str, run: EffectRun, kind: EventKind, actor: str = "", **data: Any) -> None:
    """Append a fact about the run."""
    Event.objects.using(using).create(
        kind=kind, actor=actor or "system", data=data, at=timezone.now(), **run.fact()
    )


def done_attempt(run: EffectRun, seconds: float) -> dict[str, Any]:
    """What the event of an attempt says that went well."""
    return {
        "attempt": run.attempts,
        "outcome": "done",
        "failure": None,
        "seconds": round(seconds, 3),
        "next_attempt_at": None,
    }


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


def _can_judge(obj: Any, name: str) -> bool:
    """Whether this code has the transition it names, and the state the object stands in.

    If not, another release moved the object, and a refusal by this one would mean nothing.
    """
    transition = contract_of(obj).all_transitions.get(name)
    contract = contract_of(obj, transition.field if transition else "")
    has_it = not name or transition is not None
    return has_it and contract.knows(contract.stored_state_of(obj))


def _run_follow_up(run: EffectRun, name: str, obj: Any) -> None:
    if obj is None:
        raise NotAllowed("The object does not exist any more.")
    transition = contract_of(obj).all_transitions[name]
    transition = transition.at(contract_of(obj, transition.field).state_of(obj))
    failure = None if run.failure is None else Recorded(**run.failure)
    execute(
        getattr(obj, name),
        by=SYSTEM,
        data=keep_declared(transition.data, run.result),
        key=f"run:{run.key}:{transition.every_name[0]}",
        cause=Cause(run.as_cause(), failure, run.result),
        traceparent=run.operation.traceparent,
    )


def _follow_up_later(using: str, run: EffectRun, error: Exception) -> None:
    if is_passing(error):  # the database was busy, which says nothing against the transition
        run.follow_up_attempts -= 1
    if run.follow_up_attempts >= FOLLOW_UP_TRIES:
        _follow_up_ended(using, run, FollowUp.DEAD, EventKind.FOLLOW_UP_FAILED, error)
        return
    pause = FOLLOW_UP_FIRST_PAUSE * 3 ** max(0, run.follow_up_attempts - 1)
    at: datetime = database_now(using) + pause
    _save(using, run, due=at)
    write_event(using, run, EventKind.FOLLOW_UP_FAILED, **_about(error), next_at=at.isoformat())


def _follow_up_ended(
    using: str, run: EffectRun, follow_up: FollowUp, kind: EventKind, error: Exception
) -> None:
    _save(using, run, follow_up=follow_up)
    write_event(using, run, kind, **_about(error), next_at=None)


def _save(using: str, run: EffectRun, **columns: Any) -> None:
    for name, value in columns.items():
        setattr(run, name, value)
    run.save(using=using, update_fields=["follow_up_attempts", *columns])


def _log(name: str, run: EffectRun, error: Exception) -> None:
    """A refusal has a code; only what nobody expected is logged with its trace."""
    trace = None if isinstance(error, Refused) else untold(error)
    code = _about(error)["code"]
    logger.warning("follow-up %s of run %s: %s", name, run.id, code, exc_info=trace)


def _about(error: Exception) -> dict[str, str]:
    if isinstance(error, Refused):
        return {"code": error.code, "detail": error.detail}
    return {"code": "unexpected_error", "detail": f"{type(error).__name__} was raised."}


def _told(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, Happened):
        return {"outcome": "done", "failure": None}
    return {"outcome": "failed", "failure": asdict(answer.failure)}
