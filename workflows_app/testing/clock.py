"""The clock: time stands still, in Python and in the database, until a test moves it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from .statements import between

_running: "list[Clock]" = []


class Clock:
    """The time that everybody goes by while ``frozen_clock()`` lasts."""

    def __init__(self, now: datetime) -> None:
        if now.tzinfo is None:
            raise ValueError(f"frozen_clock(at={now!r}): say in which time zone.")
        self._now = now.astimezone(UTC)

    @property
    def now(self) -> datetime:
        """What time it is, aware, in UTC."""
        return self._now

    def move(self, amount: timedelta | None = None, **amounts: float) -> datetime:
        """Let time pass: ``clock.move(hours=24)`` or ``clock.move(lease)``; the new time."""
        return self.move_to(self._now + (amount or timedelta(0)) + timedelta(**amounts))

    def move_to(self, moment: datetime) -> datetime:
        """Let time pass up to this moment. Raises ValueError for one that is over."""
        if moment < self._now:
            raise ValueError(f"It is {self._now} already: time does not go back to {moment}.")
        self._now = moment.astimezone(UTC)
        return self._now

    def set_back(self, **amounts: float) -> datetime:
        """As if somebody had put the clocks back: ``clock.set_back(hours=1)``; the new time."""
        self._now -= timedelta(**amounts)
        return self._now

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        """Have a statement on its way read this clock instead of the database's."""
        if isinstance(sql, str):
            sql = _with_literal(sql, self._now, context["connection"].vendor)
        return execute(sql, params, many, context)


@contextmanager
def frozen_clock(at: datetime | None = None) -> Iterator[Clock]:
    """Stop the time at this moment (the present second's end) and hand out the clock that moves it.

    It holds for ``timezone.now()`` and its columns' defaults, for the engine's questions to the
    database's clock and for Django's ``Now()``; in every thread, on connections of this thread
    and those opened meanwhile. It does not hold for ``datetime.now()``, ``time.monotonic()`` (a
    handler's ``run.remaining``) and processes that are not forked from this one.
    """
    if _running:
        raise RuntimeError("One clock at a time: another frozen_clock() is running.")
    # What was stored a moment ago is past: the clock never begins before it.
    clock = Clock(at or datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=1))
    _running.append(clock)
    real = timezone.datetime  # type: ignore[attr-defined]
    timezone.datetime = _stand_in(real, clock)  # type: ignore[attr-defined]
    try:
        with between(clock):
            yield clock
    finally:
        timezone.datetime = real  # type: ignore[attr-defined]
        _running.remove(clock)


def running_clock() -> Clock | None:
    """The clock of the ``frozen_clock()`` we are in."""
    return _running[-1] if _running else None


def _stand_in(real: type[datetime], clock: Clock) -> type[datetime]:
    """What Django's ``timezone`` module takes for datetime.

    Replacing ``timezone.now`` would miss the many that hold it: a column's default, an import.
    """

    class Kind(type(real)):  # type: ignore[misc]
        def __instancecheck__(cls, value: Any) -> bool:
            return isinstance(value, real)

    class Frozen(real, metaclass=Kind):  # type: ignore[misc,valid-type]
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            local = clock.now.astimezone(tz)
            return local if tz else local.replace(tzinfo=None)

    return Frozen


def _with_literal(sql: str, now: datetime, vendor: str) -> str:
    question, literal = _QUESTIONS[vendor]
    moment = str(now.replace(tzinfo=None))  # as Django writes it on SQLite, so that texts compare
    sql = question.sub(literal.format(moment), sql)
    return _LATER.sub(rf"\g<format>000', '{moment}', ", sql) if vendor == "sqlite" else sql


#: How the engine and Django ask each database for the present moment, and what stands there then.
_QUESTIONS = {
    "postgresql": (
        re.compile(r"(?:CLOCK|STATEMENT)_TIMESTAMP\(\)"),
        "TIMESTAMPTZ '{}+00'",
    ),
    "mysql": (
        re.compile(r"(?:UTC|CURRENT)_TIMESTAMP\(6\)"),
        "TIMESTAMP'{}'",
    ),
    "sqlite": (
        re.compile(r"STRFTIME\('%{1,2}Y-%{1,2}m-%{1,2}d %{1,2}H:%{1,2}M:%{1,2}f', 'NOW'\)"),
        "'{}'",
    ),
}
#: SQLite's way to ask for a later moment, to the millisecond; Django's texts go to the microsecond.
_LATER = re.compile(r"(?P<format>STRFTIME\('[^']+%f)', 'NOW', ")
