"""Work: what a run means to people, and who has to act when it cannot go on by itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from workflows_app.contract.effects import Effect
from workflows_app.contract.registry import Contract
from workflows_app.contract.who import Who
from workflows_app.models import EffectRun, FollowUp, RunState

from .times import stamp


class Condition(StrEnum):
    """How a run stands, as people see it; worst first."""

    IN_DOUBT = "in_doubt"  #: it may have happened; a person has to find out
    BLOCKED = "blocked"  #: dead, and somebody has to decide how to go on
    RETRYING = "retrying"  #: it failed and is tried again
    RUNNING = "running"  #: a worker is doing it
    QUEUED = "queued"  #: it has not begun
    FAILED = "failed"  #: it failed, and what the contract says for that has followed
    DEAD = "dead"  #: it failed for good, and nobody has to act
    LEFT_OUT = "left_out"  #: skipped or cancelled
    DONE = "done"


#: Nothing more comes of these, and nobody has to hear of them.
RESOLVED = (Condition.FAILED, Condition.LEFT_OUT, Condition.DONE)


@dataclass(frozen=True)
class Work:
    """A run, read together with its contract."""

    run: EffectRun
    effect: Effect | None
    owner: Who | None
    condition: Condition

    @property
    def label(self) -> str:
        """The effect as people call it."""
        if self.effect is None:
            return self.run.effect.replace("_", " ").capitalize()
        return self.effect.label

    @property
    def max_attempts(self) -> int | None:
        """How often it is tried at most; None for an effect the contract no longer knows."""
        return None if self.effect is None else self.effect.retry.times

    @property
    def detail(self) -> str:
        """The last failure in a sentence, or nothing."""
        return str(self.run.failure["detail"]) if self.run.failure else ""

    @property
    def next_at(self) -> datetime | None:
        """When the attempt, or the transition that follows, is tried next."""
        waits = self.run.state == RunState.QUEUED or self.run.follow_up == FollowUp.PENDING
        return self.run.due if waits else None


def read(run: EffectRun, contract: Contract, state_owner: Who | None = None) -> Work:
    """What this run means. ``state_owner`` acts where the effect itself names nobody."""
    effect = contract.effect_named(run.effect)
    owner = effect.owner if effect else None
    if run.state == RunState.IN_DOUBT or run.follow_up == FollowUp.DEAD:
        owner = owner or state_owner
    return Work(run, effect, owner, _condition(run, owner))


def worst(work: Iterable[Work]) -> Work | None:
    """The one that people must hear of first."""
    order = list(Condition)
    return min(work, key=lambda item: order.index(item.condition), default=None)


def entry(work: Work) -> dict[str, Any]:
    """The run as an entry of ``work`` (status) and ``effects`` (receipt)."""
    run = work.run
    return {
        "run": str(run.pk),
        "effect": run.effect,
        "label": work.label,
        "class": run.safety,
        "state": run.state,
        "attempts": run.attempts,
        "max_attempts": work.max_attempts,
        "next_attempt_at": stamp(work.next_at),
        "failure": _failure(run),
        "owner": work.owner.label if work.owner else None,
    }


def _condition(run: EffectRun, owner: Who | None) -> Condition:
    if run.state == RunState.IN_DOUBT:
        return Condition.IN_DOUBT
    if _is_dead(run):
        return Condition.BLOCKED if owner else Condition.DEAD
    if run.follow_up == FollowUp.PENDING:
        return Condition.RETRYING if run.follow_up_attempts else Condition.QUEUED
    if run.state in (RunState.QUEUED, RunState.HELD):
        return Condition.RETRYING if run.attempts else Condition.QUEUED
    return _PLAIN[RunState(run.state)]


_PLAIN = {
    RunState.RUNNING: Condition.RUNNING,
    RunState.DONE: Condition.DONE,
    RunState.FAILED: Condition.FAILED,
    RunState.SKIPPED: Condition.LEFT_OUT,
    RunState.CANCELLED: Condition.LEFT_OUT,
}


def _is_dead(run: EffectRun) -> bool:
    failed_alone = run.state == RunState.FAILED and run.follow_up == FollowUp.NONE
    return failed_alone or run.follow_up == FollowUp.DEAD


def _failure(run: EffectRun) -> dict[str, Any] | None:
    if not run.failure:
        return None
    return {
        "code": run.failure["code"],
        "detail": run.failure["detail"],
        "retryable": run.failure["kind"] != "rejected",
    }
