"""What an event says to somebody who reads the timeline: of an attempt, an answer, a decision."""

from collections.abc import Callable
from datetime import datetime, timedelta

from workflows_app.contract.registry import Contract
from workflows_app.models import Event, EventKind, RunState, SupersededAs

from .headline import of_so_many
from .times import spoken, spoken_length
from .work import Work, how_it_ended, plain, read


def told_by_event(event: Event, contract: Contract) -> str:
    """``Attempt 2 of 6 to pay out failed: The bank is busy. Next try at 10:21.``"""
    if event.kind == EventKind.FIRED_LATE:
        return _fired_late(event)
    if event.run is None:
        return f"{EventKind(event.kind).label}."
    return _EVENTS[EventKind(event.kind)](event, read(event.run, contract))


def _fired_late(event: Event) -> str:
    if "due" not in event.data:  # erased
        return "This came late: its deadline had passed long before."
    late = spoken_length(timedelta(seconds=event.data["late_seconds"]))
    return f"This came {late} late: its deadline had passed {_when(event, 'due')}."


def _attempt(event: Event, work: Work) -> str:
    attempt = _attempt_words(event, work)
    told = event.data.get("failure") or {}
    detail = told.get("detail", _detail(event))
    return _OUTCOMES[event.data["outcome"]](attempt, str(detail), event)


def _to_be_retried(attempt: str, detail: str, event: Event) -> str:
    return f"{attempt} failed: {detail} Next try {_when(event, 'next_attempt_at') or 'soon'}."


def _doubted(attempt: str, detail: str, event: Event) -> str:
    when = _when(event, "asked_at")
    then = f"It is asked for {when}." if when else "A person has to find out what happened."
    return f"{attempt} ended without certainty: {detail} {then}"


_OUTCOMES: dict[str, Callable[[str, str, Event], str]] = {
    "done": lambda attempt, detail, event: f"{attempt} succeeded.",
    "retry": _to_be_retried,
    "failed": lambda attempt, detail, event: f"{attempt} failed for good: {detail}",
    "cancelled": lambda attempt, detail, event: (
        f"{attempt} failed, and it is not wanted any more: {detail}"
    ),
    "accepted": lambda attempt, detail, event: f"{attempt} was accepted, to be confirmed.",
    "in_doubt": _doubted,
}


def _lease_lost(event: Event, work: Work) -> str:
    return f"{_attempt_words(event, work)} was cut off: its worker went away."


def _late_answer(event: Event, work: Work) -> str:
    told = event.data.get("failure")
    answer = str(told.get("detail", "")) if told else _detail(event) or "it is done"
    return f"{_attempt_words(event, work)} answered too late to count: {answer.rstrip('.')}."


def _probed(event: Event, work: Work) -> str:
    failure = event.data.get("failure") or {}
    answers = _ANSWERS | {
        "failed": str(failure.get("detail", "it failed")).rstrip("."),
        "not_sent": "it never arrived",
        "unknown": "that is not known yet",
    }
    when = _when(event, "next_at")
    again = f" Asked again {when}." if when else ""
    answer = answers[event.data["outcome"]]
    return f"Asked what became of {plain(work.label)}: {answer}.{again}"


def _confirmed(event: Event, work: Work) -> str:
    told, sender = event.data.get("type"), event.data.get("from")
    by = f' from {sender} ("{told}")' if sender else ""
    return f"Heard{by} what became of {plain(work.label)}: {_answer(event)}."


def _answer(event: Event) -> str:
    """What the outside has said, for the end of a sentence."""
    failure = event.data.get("failure")
    return str(failure["detail"]).rstrip(".") if failure else _ANSWERS[event.data["outcome"]]


_ANSWERS = {"done": "it is done", "accepted": "it was accepted", "failed": "it failed"}


def _unconfirmed(event: Event, work: Work) -> str:
    return f"Nobody has confirmed {plain(work.label)} in time."


def _contradicted(event: Event, work: Work) -> str:
    state = RunState(event.data["state"]).label.lower()
    return f"{work.label} stands as {state}, but now says: {_answer(event)}. Somebody has to look."


def _unwanted(event: Event, work: Work) -> str:
    return f"{how_it_ended(work, capital=True)}, but nothing followed: {_detail(event)}"


def _follow_up_failed(event: Event, work: Work) -> str:
    when = _when(event, "next_at")
    again = f"Next try {when}." if when else "Somebody has to decide how to go on."
    ended = how_it_ended(work, capital=True)
    return f"{ended}, but what follows could not run: {_detail(event)} {again}"


def _lane_repaired(event: Event, work: Work) -> str:
    return f'"{plain(work.label)}" stood still for no reason, and was put back in its turn.'


def _resolved(event: Event, work: Work) -> str:
    happened = "happened" if event.data.get("happened") else "did not happen"
    return f"It was decided that {plain(work.label)} {happened}."


def _skipped(event: Event, work: Work) -> str:
    return f"It was decided to go on without {plain(work.label)}."


def _superseded(event: Event, work: Work) -> str:
    if event.data.get("as") == SupersededAs.CANCELLED:
        return f"{work.label} is not wanted any more; it had not happened, and never will."
    what = "was done already" if event.data.get("was") == RunState.DONE else "may have left already"
    return f"{work.label} is not wanted any more, but {what}: nothing follows from it."


def _retried(event: Event, work: Work) -> str:
    return f"It was decided to go on with {plain(work.label)} at once."


def _replayed(event: Event, work: Work) -> str:
    anew = " as a new intent" if event.data.get("new_intent") else ""
    return f"It was decided to begin {plain(work.label)} again{anew}."


_EVENTS: dict[EventKind, Callable[[Event, Work], str]] = {
    EventKind.ATTEMPT: _attempt,
    EventKind.LEASE_LOST: _lease_lost,
    EventKind.LATE_ANSWER: _late_answer,
    EventKind.FOLLOW_UP_UNWANTED: _unwanted,
    EventKind.FOLLOW_UP_FAILED: _follow_up_failed,
    EventKind.LANE_REPAIRED: _lane_repaired,
    EventKind.PROBED: _probed,
    EventKind.CONFIRMED: _confirmed,
    EventKind.UNCONFIRMED: _unconfirmed,
    EventKind.CONTRADICTED: _contradicted,
    EventKind.RESOLVED: _resolved,
    EventKind.SUPERSEDED: _superseded,
    EventKind.SKIPPED: _skipped,
    EventKind.RETRIED: _retried,
    EventKind.REPLAYED: _replayed,
}


def _attempt_words(event: Event, work: Work) -> str:
    attempt = of_so_many(event.data["attempt"], work.max_attempts)
    late = ", late," if event.data.get("late") else ""
    return f"{attempt.capitalize()} to {plain(work.label)}{late}"


def _when(event: Event, name: str) -> str:
    """The moment that stands under this name in an event, as people say it; empty if none does."""
    at = event.data.get(name)
    return spoken(datetime.fromisoformat(at), seen_from=event.at) if at else ""


def _detail(event: Event) -> str:
    erased = "what it said was erased." if event.data.get("erased") else ""
    return str(event.data.get("detail", erased))
