"""Work: what a worker would do now, done in this thread and in a fixed order."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connections, router
from django.db.models import Min

from workflows_app.engine.ask import ask, take
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import jobs_for
from workflows_app.engine.fire import fire_due
from workflows_app.engine.perform import perform
from workflows_app.engine.sweep import sweep
from workflows_app.models import EffectRun, Event, EventKind, FollowUp, Message, RunState, Timer

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
    #: done, accepted, retry, failed, in_doubt; late (somebody else had decided), died (with its
    #: worker), handed_back (this code does not know the effect).
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
    in this thread; probes are asked, which is no attempt, and clocks that have run out fire. So it
    works inside the transaction of Django's TestCase and of pytest-django's ``db``. What a retry
    waits for is not due: let time pass with ``frozen_clock()``.
    """
    using = router.db_for_write(EffectRun)
    _refuse_open_transaction(using)
    attempts: list[Attempt] = []
    while runs := _taken(using) or _without_claim(using):
        for run in runs:
            if run.state == RunState.RUNNING:
                attempts.append(_attempt(using, run))
            else:
                _ask(using, run)
        if len(attempts) > MOST_ATTEMPTS:
            raise AssertionError(f"{MOST_ATTEMPTS} attempts, and still no end: {attempts[-1]}.")
    return attempts


def drain_until_quiet(clock: Clock) -> list[Attempt]:
    """Drain, and move the clock to whatever comes next, until nothing more happens by itself.

    Retries, lost leases and postponed follow-ups all have their turn, and of each message that
    could not be used yet the next look: the later ones go on for days. It does not wait for
    deadlines: a test says how much time passes, and then those that are over fire.
    """
    using, looked = router.db_for_write(EffectRun), set[Any]()
    attempts = drain()
    for _ in range(MOST_ATTEMPTS):
        messages = Message.objects.using(using).exclude(pk__in=looked)
        moments = (_what_comes_next(using), messages.aggregate(at=Min("due"))["at"])
        moment = min((one for one in moments if one), default=None)
        if moment is None:
            return attempts
        clock.move_to(max(clock.now, moment + A_MOMENT))
        looked.update(messages.due().values_list("pk", flat=True))
        attempts += drain()
    left = EffectRun.objects.filter(state=RunState.QUEUED).values_list("effect", flat=True)
    raise AssertionError(f"It does not come to rest: {list(left)} are still to be done.")


def _taken(using: str) -> list[EffectRun]:
    """A run to perform, or one to be asked for."""
    return claim(using, 1) or take(using, 1)


def _without_claim(using: str) -> list[EffectRun]:
    """Fire the clocks that are due, and sweep, until there is a run to take, or nothing at all."""
    for _ in range(MOST_ATTEMPTS):
        if not fire_due(using):
            sweep(using)
        runs = _taken(using)
        if runs or not Timer.objects.using(using).to_fire().exists():
            return runs
    raise AssertionError(f"{MOST_ATTEMPTS} looks at the clocks, and still one is due.")


def _ask(using: str, run: EffectRun) -> None:
    (job,) = jobs_for(using, [run])
    with suppress(WorkerDies):
        ask(using, run, job.effect, job.obj)


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
    by_itself = (RunState.QUEUED, RunState.WAITING, RunState.IN_DOUBT)
    due = runs.filter(state__in=by_itself).aggregate(at=Min("due"))["at"]
    pending = runs.filter(follow_up=FollowUp.PENDING).aggregate(at=Min("follow_up_due"))["at"]
    lost = runs.filter(state=RunState.RUNNING).aggregate(at=Min("lease_until"))["at"]
    return min((moment for moment in (due, pending, lost) if moment), default=None)


def _refuse_open_transaction(using: str) -> None:
    blocks: list[Any] = connections[using].atomic_blocks
    if blocks and not blocks[-1]._from_testcase:
        raise RuntimeError(
            "drain() is a worker's work, and no worker sees an open transaction: leave the"
            " atomic block first."
        )
