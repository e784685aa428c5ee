"""The headline: where an object stands, in one or two plain sentences."""

from datetime import datetime

from django.utils import timezone

from workflows_app.contract.states import State
from workflows_app.contract.who import Who
from workflows_app.engine.follow_up import FOLLOW_UP_TRIES, follow_up_of
from workflows_app.models import FollowUp, RunState
from workflows_app.models.effect_run import GROUP

from .times import spoken
from .work import Condition, Work


def headline_of_work(work: Work) -> str:
    """What people must know about this run."""
    return _SENTENCES[work.condition](work)


def headline_of_state(state: State) -> str:
    """What people must know when no run needs to be mentioned."""
    return f"{state.label}." if state.owner is None else f"Waiting for {state.owner}."


def of_so_many(attempt: int, at_most: int | None) -> str:
    """``attempt 3 of 6``; without the limit where it is not known any more."""
    return f"attempt {attempt}" if at_most is None else f"attempt {attempt} of {at_most}"


def _in_doubt(work: Work) -> str:
    if work.next_question_at:
        return f"{work.detail} What became of it is asked {_soon(work.next_question_at)}."
    return f"{work.detail} {_somebody(work.owner)} has to find out what happened."


def _blocked(work: Work) -> str:
    if work.run.contradiction:
        state = work.run.get_state_display().lower()
        told = f"{work.label} stands as {state}, but something speaks against it."
        return f"{told} {_somebody(work.owner)} has to look."
    return f"{_end(work)} {_somebody(work.owner)} has to decide how to go on."


def _retrying(work: Work) -> str:
    run = work.run
    if run.follow_up == FollowUp.PENDING:
        attempt = of_so_many(run.follow_up_attempts + 1, FOLLOW_UP_TRIES)
        return f"{_end(work)} Trying again {_soon(work.next_at)} ({attempt})."
    attempt = of_so_many(run.attempts + 1, work.max_attempts)
    return f"{work.detail} Trying again {_soon(work.next_at)} ({attempt}).".strip()


def _waiting(work: Work) -> str:
    external = work.effect.confirmed_by if work.effect else None
    what = f"{external.endpoint} to confirm it" if external and external.endpoint else ""
    until = work.run.deadline
    when = f", {spoken(until, seen_from=timezone.now())} at the latest" if until else ""
    return f"{work.label} was accepted and waits for {what or 'its confirmation'}{when}."


def _running(work: Work) -> str:
    return f"{work.label}: {of_so_many(work.run.attempts, work.max_attempts)} is under way."


def _queued(work: Work) -> str:
    if work.run.state == RunState.FAILED:
        return f"{_ended(work)}. What runs beside it ends first."
    if work.run.waits_for_room and work.max_running:
        return f"{work.label} waits for room: {work.max_running} at a time."
    if work.run.state == RunState.HELD:
        return f"{work.label} waits for an earlier step."
    return f"{work.label} is next."


def _dead(work: Work) -> str:
    return f"Completed, with a failed notification: {_end(work)}"


_SENTENCES = {
    Condition.IN_DOUBT: _in_doubt,
    Condition.BLOCKED: _blocked,
    Condition.RETRYING: _retrying,
    Condition.WAITING: _waiting,
    Condition.RUNNING: _running,
    Condition.QUEUED: _queued,
    Condition.DEAD: _dead,
}


def _end(work: Work) -> str:
    """How the run itself ended, and what has not followed."""
    ended = _ended(work)
    known = work.effect is not None or work.run.safety == GROUP
    if work.run.follow_up not in (FollowUp.PENDING, FollowUp.DEAD) or not known:
        return f"{ended}."
    following = follow_up_of(work.run, work.effect) or "the next step"
    return f'{ended}, but "{following.replace("_", " ")}" could not follow.'


def _ended(work: Work) -> str:
    if work.run.state == RunState.FAILED:
        return f"{work.label} failed. {work.detail}".rstrip(".")
    accepted = work.run.state == RunState.WAITING
    return f"{work.label} {'was accepted' if accepted else 'is done'}"


def _soon(at: datetime | None) -> str:
    now: datetime = timezone.now()
    if at is None or at <= now:
        return "as soon as a worker is free"
    return spoken(at, seen_from=now)


def _somebody(owner: Who | None) -> str:
    label = "somebody" if owner is None else owner.label
    return label[:1].upper() + label[1:]
