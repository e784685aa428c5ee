"""How an attempt ended, and what follows from it: closed sets of types, and the rule between."""

import random
from dataclasses import dataclass
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
    """The run ends unknown: a person says what happened."""

    failure: Recorded


Answer = Happened | Failed
Verdict = Done | TryLater | Dead | InDoubt


def judge(run: EffectRun, effect: Effect, answer: Failed, now: datetime) -> Verdict:
    """What a failed attempt means for the run. Reads the failure's kind, never its text."""
    if isinstance(answer, Hopeless):
        return exhausted(run, effect, answer.failure)
    if answer.failure.kind == "rejected":
        return Dead(answer.failure)
    again = now + max(_pause(effect, run.attempts), answer.retry_after or timedelta(0))
    if run.attempts < effect.retry.times and again < last_attempt_before(run, effect):
        return TryLater(answer.failure, again)
    return exhausted(run, effect, answer.failure)


def judge_lost(run: EffectRun, effect: Effect, now: datetime) -> Verdict:
    """What a lost lease means: again at once, unless it happens to this run again and again."""
    if run.leases_lost >= LOST_IN_A_ROW:
        return exhausted(run, effect, POISON)
    if run.attempts < effect.retry.times and now < last_attempt_before(run, effect):
        return TryLater(WORKER_LOST, now)
    return exhausted(run, effect, WORKER_LOST)


def exhausted(run: EffectRun, effect: Effect, failure: Recorded) -> Verdict:
    """The end of the budget: in doubt where an attempt may have reached the outside."""
    doubtful = run.may_have_happened or failure.kind == "unknown"
    if effect.safety is Safety.KEYED and doubtful:
        return InDoubt(failure)
    return Dead(failure)


def last_attempt_before(run: EffectRun, effect: Effect) -> datetime:
    """When the budget ends: the key's window closes, or the effect is given up."""
    began = cast(datetime, run.first_attempt_at)  # set by the first claim
    ends = began + effect.retry.give_up_after
    if effect.window is None:
        return ends
    return min(ends, began + effect.window - settings.LEASE)


def _pause(effect: Effect, attempt: int) -> timedelta:
    spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  no secret, only a spread
    return effect.retry.delay(attempt) * spread
