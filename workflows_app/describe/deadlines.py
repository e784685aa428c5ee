"""Deadlines: what the timers of an object mean to people."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from workflows_app.contract.clock_table import Clock
from workflows_app.contract.registry import Contract, contracts_of
from workflows_app.models import Timer, TimerState
from workflows_app.models.identity import object_id_of, object_type_of

from .times import spoken, stamp

#: A clock that had nothing to wait for is not late before a worker had the time to ask it.
A_MOMENT = timedelta(minutes=1)


@dataclass(frozen=True)
class Deadline:
    """A live timer, read together with its contract."""

    timer: Timer
    clock: Clock
    overdue: bool

    @property
    def reasons(self) -> list[dict[str, Any]]:
        """Why it did not happen when it was due, as far as somebody has asked."""
        return self.timer.reasons() if self.overdue else []


def timers_of(objects: Sequence[Any]) -> dict[str, list[Timer]]:
    """The live timers of objects of one model by object id; no query where none stands in a
    state with a clock.
    """
    found: dict[str, list[Timer]] = {object_id_of(obj): [] for obj in objects}
    if any(_has_clocks(obj) for obj in objects):
        for timer in _live(object_type_of(objects[0]), found):
            if timer.state != TimerState.FIRED:
                found[timer.object_id].append(timer)
    return {object_id: sorted(timers, key=_due_first) for object_id, timers in found.items()}


def _has_clocks(obj: Any) -> bool:
    return any(one.keeps_time_in(one.state_of(obj)) for one in contracts_of(obj))


def _live(object_type: str, ids: Collection[str]) -> Iterable[Timer]:
    if len(ids) == 1:
        return Timer.objects.live_of(object_type, *ids)
    return Timer.objects.filter(object_type=object_type, object_id__in=ids, live=True)


def _due_first(timer: Timer) -> tuple[bool, datetime | None, UUID]:
    return timer.due is None, timer.due, timer.id


def read_deadlines(contract: Contract, state: str, timers: Iterable[Timer]) -> list[Deadline]:
    """Those of one workflow in this state, what is due first in front."""
    now = timezone.now()
    mine = [timer for timer in timers if timer.field == contract.field]
    kept = ((timer, contract.clock_kept(timer.clock, state)) for timer in mine)
    return [Deadline(timer, clock, _is_overdue(timer, now)) for timer, clock in kept if clock]


def entry(deadline: Deadline) -> dict[str, Any]:
    """The entry of ``deadlines`` in the status document."""
    timer, clock = deadline.timer, deadline.clock
    return {
        "clock": clock.name,
        "then": clock.then,
        "label": clock.label,
        "due": stamp(timer.due),
        "overdue": deadline.overdue,
        "paused": timer.state == TimerState.PAUSED,
        "left": None if timer.left is None else timer.left.total_seconds(),
        "reasons": deadline.reasons,
    }


def headline_of(deadline: Deadline) -> str:
    """``Overdue since 10:21: "Escalate" is not possible. Attach a document first.``"""
    now, timer = timezone.now(), deadline.timer
    since = spoken(timer.due or now, seen_from=now).removeprefix("at ")
    what = f'Overdue since {since}: "{deadline.clock.label}"'
    said = " ".join(one["detail"] for one in deadline.reasons)
    if timer.state == TimerState.REFUSED:
        return f"{what} is not possible yet. {said}"
    if deadline.reasons:
        again = spoken(timer.ask_at or now, seen_from=now)
        return f"{what} could not be done. {said} Trying again {again}."
    return f"{what} is done as soon as a worker is free."


def _is_overdue(timer: Timer, now: datetime) -> bool:
    if timer.due is None or timer.due > now:
        return False
    had_to_wait = timer.counts_from is not None and timer.due > timer.counts_from
    return bool(had_to_wait or timer.failure or now - timer.due >= A_MOMENT)
