"""Work: what a worker would do now, done in this thread and in a fixed order."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connections, router
from django.db.models import Min, Q

from workflows_app.engine.claim import claim
from workflows_app.engine.drain import jobs_for
from workflows_app.engine.perform import perform
from workflows_app.engine.sweep import sweep
from workflows_app.models import EffectRun, Event, EventKind, FollowUp, RunState

from .clock import Clock

MOST_ATTEMPTS = 1000
A_MOMENT = timedelta(milliseconds=1)


class WorkerDies(BaseException):
    """Raise it in an effect, or let a script answer with it: this worker is killed there.

    Nothing of the attempt is stored. The run stays with the dead worker until its lease ends.
    """


@dataclass(frozen=True)
class Attempt:
    """One attempt that a drain made."""

    effect: str
    number: int
    #: done, retry, failed, in_doubt; late (somebody else had decided), died (with its worker),
    #: handed_back (this code does not know the effect).
    outcome: str
    #: The code of the failure; empty when it is done.
    code: str
    #: The run as it is after the attempt.
    run: EffectRun

    def __str__(self) -> str:
        return f"{self.effect} {self.number}: {self.outcome}{self.code and f' ({self.code})'}"


def drain() -> list[Attempt]:
    """Perform everything that is due now, with the sweep a worker does; the attempts made.

    It is the worker's own code: claim, perform, settle, one run after the other, the oldest first,
    in this thread. So it works inside the transaction of Django's TestCase and of pytest-django's
    ``db``. What a retry waits for is not due: let time pass with ``frozen_clock()``.
    """
    using = router.db_for_write(EffectRun)
    _refuse_open_transaction(using)
    attempts: list[Attempt] = []
    while runs := claim(using, 1) or _swept(using):
        attempts += [_attempt(using, run) for run in runs]
        if len(attempts) > MOST_ATTEMPTS:
            raise AssertionError(f"{MOST_ATTEMPTS} attempts, and still no end: {attempts[-1]}.")
    return attempts


def drain_until_quiet(clock: Clock) -> list[Attempt]:
    """Drain, and move the clock to whatever comes next, until nothing more happens by itself.

    Retries, lost leases and postponed follow-ups all have their turn.
    """
    attempts = drain()
    for _ in range(MOST_ATTEMPTS):
        moment = _what_comes_next(router.db_for_write(EffectRun))
        if moment is None:
            return attempts
        clock.move_to(max(clock.now, moment + A_MOMENT))
        attempts += drain()
    left = EffectRun.objects.filter(state=RunState.QUEUED).values_list("effect", flat=True)
    raise AssertionError(f"It does not come to rest: {list(left)} are still to be done.")


def _swept(using: str) -> list[EffectRun]:
    sweep(using)
    return claim(using, 1)


def _attempt(using: str, run: EffectRun) -> Attempt:
    (job,) = jobs_for(using, [run])
    with suppress(WorkerDies):
        perform(using, run, job.effect, job.obj)
    return _told(using, run)


def _told(using: str, claimed: EffectRun) -> Attempt:
    run = EffectRun.objects.using(using).get(pk=claimed.pk)
    outcome, failure = _outcome_of(using, claimed, run)
    code = failure["code"] if failure else ""
    return Attempt(run.effect, claimed.attempts, outcome, code, run)


def _outcome_of(using: str, claimed: EffectRun, run: EffectRun) -> tuple[str, Any]:
    kinds = (EventKind.ATTEMPT, EventKind.LATE_ANSWER)
    events = Event.objects.using(using).filter(run=run, kind__in=kinds).order_by("-id")
    event = next((one for one in events if one.data["attempt"] == claimed.attempts), None)
    if event is None:
        return ("died" if run.state == RunState.RUNNING else "handed_back"), None
    if event.kind == EventKind.LATE_ANSWER:
        return "late", event.data["failure"]
    return event.data["outcome"], event.data["failure"]


def _what_comes_next(using: str) -> datetime | None:
    runs = EffectRun.objects.using(using)
    waiting = Q(state=RunState.QUEUED) | Q(follow_up=FollowUp.PENDING)
    due = runs.filter(waiting).aggregate(at=Min("due"))["at"]
    lost = runs.filter(state=RunState.RUNNING).aggregate(at=Min("lease_until"))["at"]
    return min((moment for moment in (due, lost) if moment), default=None)


def _refuse_open_transaction(using: str) -> None:
    blocks: list[Any] = connections[using].atomic_blocks
    if blocks and not blocks[-1]._from_testcase:
        raise RuntimeError(
            "drain() is a worker's work, and no worker sees an open transaction: leave the"
            " atomic block first."
        )
