"""Timers: clocks of an object start, stand still, go on and end in its command's transaction."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import connections

from workflows_app.contract.clock_table import Clock
from workflows_app.contract.registry import Contract, contracts_of
from workflows_app.models import Timer, TimerState
from workflows_app.models.clock import database_now
from workflows_app.models.identity import object_id_of, object_type_of

from .queue import wake

NOTHING = timedelta(0)
#: Workers look at least so often: what is due later need not wake them.
SOON = timedelta(seconds=1)

_TABLE = Timer._meta.db_table
#: The state comes last: MariaDB writes one column after the other, and reads what it has written.
_END = f"""
UPDATE {_TABLE} SET live = NULL, due = CASE WHEN state = 'fired' THEN due END,
    ask_at = CASE WHEN state = 'fired' THEN ask_at END,
    state = CASE WHEN state = 'fired' THEN state ELSE 'cancelled' END
WHERE id = %s
"""  # noqa: S608  only names of our own columns


def keep_time(
    using: str, obj: Any, entered: Mapping[str, str] | None = None, *, since: datetime | None = None
) -> None:
    """See to the clocks of an object whose row a command has just written, and still locks.

    ``entered``: the workflows, by field, in which a state was entered, each with the one before
    (empty for a new object); in all others the state stayed. ``since``: when that was, if not now.
    Lengths are computed again, and what is due is asked again.
    """
    kept = [_Kept(one, obj, (entered or {}).get(one.field)) for one in contracts_of(obj)]
    if any(one.has_clocks for one in kept):
        _keep(using, obj, kept, since)


def new_object_keeps_time(sender: Any, *, instance: Any, using: str, **signal: Any) -> None:
    """The clocks of a new object, in the transaction that inserts it."""
    keep_time(using, instance, {one.field: "" for one in contracts_of(instance)})


def deleted_object_keeps_none(sender: Any, *, instance: Any, using: str, **signal: Any) -> None:
    """The clocks of an object end in the transaction that deletes it."""
    end_timers(using, _live_of(using, instance))


def end_timers(using: str, timers: Iterable[Timer]) -> None:
    """Their states were left: what has not fired never will."""
    database = connections[using]
    with database.cursor() as cursor:
        for timer in timers:
            key = Timer._meta.pk.get_db_prep_value(timer.pk, database)
            cursor.execute(_END, (key,))


def wind(timer: Timer, clock: Clock, obj: Any) -> bool:
    """Compute again when it is due, or what is left of it; whether it has a deadline at all."""
    if timer.fired == 0 and clock.after.at is not None:
        timer.due = clock.after.moment(obj)
        return timer.due is not None
    length = clock.after.length(obj, again=timer.fired > 0)
    if length is None:
        return False
    left = max(NOTHING, length - timer.spent)
    if timer.state == TimerState.PAUSED:
        timer.left = left
    else:
        timer.due = clock.after.calendar.add(_begun(timer), left)
    return True


@dataclass(frozen=True)
class _Kept:
    """One workflow of an object: where it was, and where it is."""

    contract: Contract
    obj: Any
    #: The state it came from; None where it stayed.
    left: str | None

    @property
    def state(self) -> str:
        return self.contract.state_of(self.obj)

    @property
    def before(self) -> str:
        return self.state if self.left is None else self.contract.states.present(self.left)

    @property
    def has_clocks(self) -> bool:
        """Whether any clock is concerned, here or in the state before."""
        return any(map(self.contract.keeps_time_in, (self.before, self.state)))


@dataclass
class _Changes:
    """What becomes of the timers of one object."""

    using: str
    ended: list[Timer] = field(default_factory=list)
    changed: list[Timer] = field(default_factory=list)
    new: list[Timer] = field(default_factory=list)

    @cached_property
    def now(self) -> datetime:
        """By the database's clock: who only leaves need not ask it."""
        return database_now(self.using)


def _keep(using: str, obj: Any, kept: list[_Kept], since: datetime | None) -> None:
    live = _live_of(using, obj)
    changes = _Changes(using)
    for one in kept:
        _keep_workflow(one, [t for t in live if t.field == one.contract.field], changes, since)
    end_timers(using, changes.ended)  # before the new ones: of one name only one is live
    for timer in changes.changed:
        timer.save(using=using)
    Timer.objects.using(using).bulk_create(changes.new)
    asked = [timer.ask_at for timer in (*changes.changed, *changes.new) if timer.ask_at]
    if any(at <= changes.now + SOON for at in asked):
        wake(using)


def _live_of(using: str, obj: Any) -> list[Timer]:
    timers = Timer.objects.using(using)
    return timers.live_of(object_type_of(obj), object_id_of(obj))


def _keep_workflow(
    kept: _Kept, live: list[Timer], changes: _Changes, since: datetime | None
) -> None:
    left_over = {timer.pk: timer for timer in live if _is_known(timer, kept.contract)}
    for clock in kept.contract.clocks:
        mine = [timer for timer in live if timer.clock in clock.every_name]
        timer = mine[0] if mine and clock.is_kept_in(kept.before) else None
        begins_anew = kept.left is not None and kept.before == kept.state
        if timer is None or begins_anew and kept.state in clock.runs_in:
            if kept.state in clock.runs_in:
                _start(kept, clock, changes, since)
        elif clock.is_kept_in(kept.state):
            left_over.pop(timer.pk, None)
            _go_on(timer, clock, kept, changes)
    changes.ended += left_over.values()


def _is_known(timer: Timer, contract: Contract) -> bool:
    """One that only the code of another release knows is left alone."""
    return any(timer.clock in clock.every_name for clock in contract.clocks)


def _start(kept: _Kept, clock: Clock, changes: _Changes, since: datetime | None) -> None:
    """Wind a new timer; one that was without a deadline until now counts from the state's entry."""
    entered_now = kept.left is not None and since is None
    stood = since or getattr(kept.obj, kept.contract.since_field) or changes.now
    timer = Timer(
        object_type=kept.contract.object_type,
        object_id=object_id_of(kept.obj),
        field=kept.contract.field,
        clock=clock.name,
        then=clock.then,
        state=TimerState.RUNNING,
        counts_from=changes.now if entered_now else stood,
    )
    if wind(timer, clock, kept.obj):
        timer.ask_at = timer.due
        changes.new.append(timer)


def _go_on(timer: Timer, clock: Clock, kept: _Kept, changes: _Changes) -> None:
    if timer.state == TimerState.FIRED:
        return
    was = copy.copy(timer)
    if kept.state in clock.pauses_in and timer.state != TimerState.PAUSED:
        _pause(timer, clock, changes.now)
    elif kept.state in clock.runs_in and timer.state == TimerState.PAUSED:
        timer.state, timer.counts_from, timer.left = TimerState.RUNNING, changes.now, None
    if not wind(timer, clock, kept.obj):
        changes.ended.append(timer)
        return
    timer.clock, timer.then, timer.asked = clock.name, clock.then, 0
    if timer.due is None or timer.due > changes.now:
        timer.failure = None
    if timer.due is not None:
        timer.state = TimerState.RUNNING
        timer.ask_at = max(timer.due, changes.now)
    if _columns(timer) != _columns(was):
        changes.changed.append(timer)


def _pause(timer: Timer, clock: Clock, now: datetime) -> None:
    timer.spent += clock.after.calendar.between(_begun(timer), now)
    timer.state = TimerState.PAUSED
    timer.counts_from = timer.due = timer.ask_at = None


def _columns(timer: Timer) -> list[Any]:
    return [getattr(timer, column.attname) for column in timer._meta.concrete_fields]


def _begun(timer: Timer) -> datetime:
    if timer.counts_from is None:
        raise AssertionError(f"{timer} stands still.")
    return timer.counts_from
