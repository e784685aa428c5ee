"""How an attempt ended, and what follows from it: closed sets of types, and the rule between."""

import random
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from workflows_app.conf import settings
from workflows_app.contract.effects import Effect, Safety
from workflows_app.failures import Recorded
from workflows_app.models import EffectRun

JITTER = 0.2
LOST_IN_A_ROW = 3

WORKER_LOST = Recorded("worker_lost", "The worker went away in the middle.", "unknown")
POISON = Recorded("poison", "Three workers in a row went away while doing it.", "unknown")


@dataclass(frozen=True)
class Happened:
    """The handler returned: it is done."""

    result: dict[str, Any]


@dataclass(frozen=True)
class Taken:
    """The outside has accepted it, and will confirm."""

    reference: str | None


@dataclass(frozen=True)
class Failed:
    """The handler raised: rejected, not sent or unknown."""

    failure: Recorded
    retry_after: timedelta | None = None


class Hopeless(Failed):
    """No attempt was made, and none will be: what earlier ones did decides."""


@dataclass(frozen=True)
class Done:
    """The run ends well."""

    result: dict[str, Any]


@dataclass(frozen=True)
class Waiting:
    """The run waits for its confirmation until ``deadline``; the probe is asked when ``due``."""

    reference: str | None
    due: datetime
    deadline: datetime


@dataclass(frozen=True)
class TryLater:
    """The run goes back to the queue."""

    failure: Recorded
    at: datetime


@dataclass(frozen=True)
class Dead:
    """The run ends badly: it did not happen, and it is not tried any more."""

    failure: Recorded


@dataclass(frozen=True)
class InDoubt:
    """Nobody knows what became of it: the probe is asked when ``due``, and until ``deadline``.

    Without them a person says what happened.
    """

    failure: Recorded
    due: datetime | None = None
    deadline: datetime | None = None


@dataclass(frozen=True)
class Cancelled:
    """The run was superseded, and did not happen: nothing follows."""

    failure: Recorded


Answer = Happened | Taken | Failed
Verdict = Done | Waiting | TryLater | Dead | InDoubt | Cancelled


def judge(run: EffectRun, effect: Effect, answer: Answer, now: datetime) -> Verdict:
    """What an answer means for the run. Reads a failure's kind, never its text."""
    if isinstance(answer, Happened):
        return Done(answer.result)
    if isinstance(answer, Taken):
        return waiting(effect, answer, now)
    if isinstance(answer, Hopeless):
        return exhausted(run, effect, answer.failure, now)
    if answer.failure.kind == "rejected":
        return Dead(answer.failure)
    if answer.failure.kind == "unknown" and effect.safety is Safety.COMMITTED:
        return doubt(effect, answer.failure, now)
    again = now + max(pause(effect, run.attempts), answer.retry_after or timedelta(0))
    if run.attempts < effect.retry.times and again < last_attempt_before(run, effect):
        return TryLater(answer.failure, again)
    return exhausted(run, effect, answer.failure, now)


def judge_lost(run: EffectRun, effect: Effect, now: datetime) -> Verdict:
    """What a lost lease means: again at once, unless it happens to this run again and again.

    What a committed effect may have sent is in doubt; unmarked, it has certainly not left.
    """
    lost = POISON if run.leases_lost >= LOST_IN_A_ROW else WORKER_LOST
    if effect.safety is Safety.COMMITTED:
        if run.may_have_happened:
            return doubt(effect, lost, now)
        lost = replace(lost, kind="not_sent")
    within = run.attempts < effect.retry.times and now < last_attempt_before(run, effect)
    if within and run.leases_lost < LOST_IN_A_ROW:
        return TryLater(lost, now)
    return exhausted(run, effect, lost, now)


def heed_supersession(run: EffectRun, effect: Effect, verdict: Verdict, now: datetime) -> Verdict:
    """What it means for a superseded run, which is never tried again, and nothing follows.

    What certainly did not happen is cancelled, also where a person would say whether it is sent
    again; what may have happened is in doubt.
    """
    if not isinstance(verdict, TryLater | Dead | InDoubt):
        return verdict
    failure = verdict.failure
    did_not = failure.kind == "rejected" or not (run.may_have_happened or failure.kind == "unknown")
    if did_not:
        return Cancelled(failure)
    return verdict if isinstance(verdict, InDoubt) else doubt(effect, failure, now)


def exhausted(run: EffectRun, effect: Effect, failure: Recorded, now: datetime) -> Verdict:
    """The end of the budget: in doubt where an attempt may have reached the outside."""
    doubtful = run.may_have_happened or failure.kind == "unknown"
    if effect.safety is not Safety.REPLAY_SAFE and doubtful:
        return doubt(effect, failure, now)
    return Dead(failure)


def doubt(effect: Effect, failure: Recorded, now: datetime) -> InDoubt:
    """In doubt from now on: what is under way has time to settle before the probe is asked."""
    if effect.probe is None:
        return InDoubt(failure)
    first = now + effect.settle
    return InDoubt(failure, first, max(first, now + effect.doubt_deadline))


def waiting(effect: Effect, answer: Taken, now: datetime) -> Waiting:
    """Waiting from now on. Where the contract does not say for whom, as long as for a doubt."""
    external = effect.confirmed_by
    deadline = now + (external.within if external else effect.doubt_deadline)
    every = external.every if external else None
    due = deadline if every is None else min(now + every, deadline)
    return Waiting(answer.reference, due, deadline)


def last_attempt_before(run: EffectRun, effect: Effect) -> datetime:
    """When the budget ends: the key's window closes, or the effect is given up."""
    began = cast(datetime, run.first_attempt_at)  # set by the first claim
    ends = began + effect.retry.give_up_after
    if effect.window is None:
        return ends
    return min(ends, began + effect.window - settings.LEASE)


def pause(effect: Effect, attempt: int) -> timedelta:
    """The wait after this attempt or question, spread so that not all come back together."""
    spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  no secret, only a spread
    return effect.retry.delay(attempt) * spread
