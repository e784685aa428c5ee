"""Work: what a run means to people, and who has to act when it cannot go on by itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from workflows_app.contract.effects import Effect
from workflows_app.contract.groups import Way
from workflows_app.contract.registry import Contract
from workflows_app.contract.who import Who
from workflows_app.models import EffectRun, FollowUp, RunState
from workflows_app.models.effect_run import GROUP

from .times import stamp


class Condition(StrEnum):
    """How a run stands, as people see it; worst first."""

    IN_DOUBT = "in_doubt"  #: it may have happened; a person has to find out
    BLOCKED = "blocked"  #: dead, and somebody has to decide how to go on
    RETRYING = "retrying"  #: it failed and is tried again
    WAITING = "waiting"  #: the outside has accepted it, and will confirm
    RUNNING = "running"  #: a worker is doing it
    QUEUED = "queued"  #: it has not begun
    FAILED = "failed"  #: it failed, and what the contract says for that has followed
    DEAD = "dead"  #: it failed for good, and nobody has to act
    SUPERSEDED = "superseded"  #: a later operation ended it
    LEFT_OUT = "left_out"  #: skipped or cancelled
    DONE = "done"


#: Nothing more comes of these, and nobody has to hear of them.
RESOLVED = (Condition.FAILED, Condition.SUPERSEDED, Condition.LEFT_OUT, Condition.DONE)


@dataclass(frozen=True)
class Work:
    """A run, read together with its contract."""

    run: EffectRun
    effect: Effect | None
    owner: Who | None
    condition: Condition
    #: Of a group: what its effects are called together.
    group_label: str = ""

    @property
    def label(self) -> str:
        """The effect as people call it."""
        return self.effect.label if self.effect else self.group_label or _spelt(self.run.effect)

    @property
    def max_attempts(self) -> int | None:
        """How often it is tried at most; None for an effect the contract no longer knows."""
        return None if self.effect is None else self.effect.retry.times

    @property
    def max_running(self) -> int | None:
        """How many run at a time; None where nothing limits them."""
        return None if self.effect is None else self.effect.max_running

    @property
    def detail(self) -> str:
        """The last failure in a sentence, or nothing."""
        return str(self.run.failure["detail"]) if self.run.failure else ""

    @property
    def next_at(self) -> datetime | None:
        """When the attempt, or the transition that follows, is tried next."""
        if self.run.follow_up == FollowUp.PENDING:
            return self.run.follow_up_due
        return self.run.due if self.run.state == RunState.QUEUED else None

    @property
    def next_question_at(self) -> datetime | None:
        """When the probe is asked next what became of it."""
        has_probe = self.effect is not None and self.effect.probe is not None
        return self.run.due if has_probe and self.run.state in _ASKED else None


#: What a probe may be asked about.
_ASKED = (RunState.WAITING, RunState.IN_DOUBT)


def read(run: EffectRun, contract: Contract, state_owner: Who | None = None) -> Work:
    """What this run means. ``state_owner`` acts where the effect itself names nobody."""
    if run.safety == GROUP:
        return _read_group(run, contract, state_owner)
    effect = contract.effect_named(run.effect)
    owner = effect.owner if effect else None
    if effect and run.undoes_id is not None:  # who answers for what it undoes, answers for it
        owner = owner or contract.owner_of_undo(effect) or state_owner
    undecided = run.state == RunState.IN_DOUBT or run.follow_up == FollowUp.DEAD
    if undecided or run.contradiction:
        owner = owner or state_owner
    return Work(run, effect, owner, _condition(run, owner))


def told(runs: Iterable[EffectRun]) -> list[EffectRun]:
    """The runs that people hear of: a group only when what follows from it needs somebody."""
    return [run for run in runs if run.safety != GROUP or run.follow_up in _NEEDS_SOMEBODY]


_NEEDS_SOMEBODY = (FollowUp.PENDING, FollowUp.DEAD)


def _read_group(run: EffectRun, contract: Contract, state_owner: Who | None) -> Work:
    """A group has the owner of its first effect that has one, or else the state's."""
    effects = [(name, contract.effect_named(name)) for name in run.data["effects"]]
    owners = [effect.owner for _, effect in effects if effect and effect.owner]
    owner = next(iter(owners), state_owner)
    first, *others = [effect.label if effect else _spelt(name) for name, effect in effects]
    listed = [first, *(label[:1].lower() + label[1:] for label in others)]
    joined = ", then " if run.data["way"] == Way.IN_ORDER else " and "
    return Work(run, None, owner, _condition(run, owner), joined.join(listed))


def _spelt(name: str) -> str:
    return name.replace("_", " ").capitalize()


def how_it_ended(work: Work, *, capital: bool = False) -> str:
    """``"pay out" was done`` inside a sentence; at its beginning ``Pay out was done``."""
    name = work.label if capital else f'"{plain(work.label)}"'
    return f"{name} {'failed' if work.run.state == RunState.FAILED else 'was done'}"


def plain(label: str) -> str:
    """A label in the middle of a sentence."""
    return label[:1].lower() + label[1:].replace("_", " ")


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
        "next_question_at": stamp(work.next_question_at),
        "confirmed_until": stamp(run.deadline if run.state == RunState.WAITING else None),
        "reference": run.reference,
        "failure": _failure(run),
        "owner": work.owner.label if work.owner else None,
        "superseded": run.superseded_as or None,
        "undoes": None if run.undoes_id is None else str(run.undoes_id),
    }


def _condition(run: EffectRun, owner: Who | None) -> Condition:
    if run.state == RunState.IN_DOUBT:
        return Condition.IN_DOUBT
    if run.contradiction:
        return Condition.BLOCKED
    if run.superseded_by_id is not None and run.settled:
        return Condition.SUPERSEDED
    if _is_dead(run):
        return Condition.BLOCKED if owner else Condition.DEAD
    if run.follow_up == FollowUp.PENDING:
        return Condition.RETRYING if run.follow_up_attempts else Condition.QUEUED
    if run.state in (RunState.QUEUED, RunState.HELD):
        return Condition.RETRYING if run.attempts else Condition.QUEUED
    return _PLAIN[RunState(run.state)]


_PLAIN = {
    RunState.WAITING: Condition.WAITING,
    RunState.RUNNING: Condition.RUNNING,
    RunState.DONE: Condition.DONE,
    RunState.FAILED: Condition.FAILED,
    RunState.SKIPPED: Condition.LEFT_OUT,
    RunState.CANCELLED: Condition.LEFT_OUT,
}


def _is_dead(run: EffectRun) -> bool:
    failed_alone = run.state == RunState.FAILED and run.follow_up == FollowUp.NONE
    return (failed_alone and run.safety != GROUP) or run.follow_up == FollowUp.DEAD


def _failure(run: EffectRun) -> dict[str, Any] | None:
    if not run.failure:
        return None
    return {
        "code": run.failure["code"],
        "detail": run.failure["detail"],
        "retryable": run.failure["kind"] != "rejected",
    }
