"""Clocks: how long a state may last, and what is done when that time is over."""

from collections.abc import Callable, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.utils import timezone

from workflows_app.failures import ContractError

from .effects import Effect
from .words import name, names


class Calendar(Protocol):
    """Hours that count: a clock with ``hours=`` runs by them."""

    def add(self, moment: datetime, amount: timedelta) -> datetime:
        """The moment at which so much time that counts will have passed since this moment."""

    def between(self, begin: datetime, end: datetime) -> timedelta:
        """How much time that counts there is between two moments."""


class AllHours:
    """The calendar of a clock that names none: every hour counts."""

    def add(self, moment: datetime, amount: timedelta) -> datetime:
        """So much later."""
        return moment + amount

    def between(self, begin: datetime, end: datetime) -> timedelta:
        """The difference."""
        return end - begin


#: A length of time, the name of a column that holds one, or a function of the object; what a
#: column or a function gives may be None: no deadline.
Length = timedelta | str | Callable[[Any], timedelta | None]
#: A column with a moment, or a function of the object that gives one; None: no deadline.
Moment = str | Callable[[Any], datetime | None]


@dataclass(frozen=True, eq=False)
class After:
    """A deadline of a state: ``State(..., deadline=After(timedelta(hours=24), then="escalate"))``.

    ``amount`` counts from the moment the state was entered; or ``at`` is the moment itself.
    ``then`` is a transition by its name, or an effect (itself, or by its name). ``every`` repeats
    it in that distance. ``name``: what it is stored and shown under, unsaid the name of ``then``;
    ``was``: that in earlier releases, oldest first. ``hours``: a calendar by which ``amount`` and
    ``every`` count, an object with ``add(moment, amount)`` and ``between(begin, end)``.

    The same object on several states is one clock: it runs on among them, stands still in the
    states of ``pauses_in`` with what is left, and ends in any other.
    """

    amount: Length | None = None
    _: KW_ONLY
    then: str | Effect
    every: Length | None = None
    name: str = ""
    pauses_in: Sequence[str] = ()
    hours: Calendar | None = None
    at: Moment | None = None
    was: Sequence[str] = ()

    def __post_init__(self) -> None:
        what = f"After(then={getattr(self.then, 'name', self.then)!r})"
        if not isinstance(self.then, Effect):
            name(f"{what}: then (a transition or an effect)", self.then)
        if self.name:
            name(f"{what}: name", self.name)
        _refuse_wrong_length(f"{what}: the amount", self.amount)
        _refuse_wrong_length(f"{what}: every", self.every)
        if not (self.at is None or callable(self.at) or (isinstance(self.at, str) and self.at)):
            raise ContractError(f"{what}: at= takes a column or a function, not {self.at!r}.")
        _refuse_contradictions(what, self)
        for word in ("pauses_in", "was"):
            object.__setattr__(self, word, names(f"{what}: {word}", getattr(self, word)))

    @property
    def calendar(self) -> Calendar:
        """The hours that count."""
        return self.hours or AllHours()

    def length(self, obj: Any, *, again: bool = False) -> timedelta | None:
        """How long it lasts for this object, or ``again``: until it is repeated; None: it does not.

        Raises ContractError where a column or a function gives something else.
        """
        given = self.every if again else self.amount
        length = given if given is None or isinstance(given, timedelta) else _of(obj, given)
        if length is not None and not isinstance(length, timedelta):
            raise ContractError(f"{self._which(given)} gives a timedelta or None, not {length!r}.")
        if again and length is not None and length <= timedelta(0):
            raise ContractError(f"{self._which(given)}: every= is longer than nothing.")
        return length

    def moment(self, obj: Any) -> datetime | None:
        """The moment that ``at=`` means for this object, if it has one. Raises ContractError."""
        moment = _of(obj, self.at)
        if moment is not None and (not isinstance(moment, datetime) or timezone.is_naive(moment)):
            raise ContractError(
                f"{self._which(self.at)} gives an aware datetime or None, not {moment!r}."
            )
        return moment

    def _which(self, given: Any) -> str:
        where = getattr(given, "__qualname__", given)
        return f"After(then={getattr(self.then, 'name', self.then)!r}): {where}"


def deadlines(what: str, given: Any) -> tuple[After, ...]:
    """What a state says with ``deadline=``: one or a list."""
    several = given if isinstance(given, list | tuple) else () if given is None else (given,)
    for one in several:
        if not isinstance(one, After):
            raise ContractError(f"{what}: deadline= takes After(...) or a list, not {one!r}.")
    if len(set(several)) != len(several):
        raise ContractError(f"{what}: deadline= lists the same After twice.")
    return tuple(several)


def _of(obj: Any, given: Any) -> Any:
    return getattr(obj, given) if isinstance(given, str) else given(obj)


def _refuse_wrong_length(what: str, given: Any) -> None:
    if isinstance(given, timedelta) and given < timedelta(0):
        raise ContractError(f"{what} is {given}; a length of time is not negative.")
    is_length = isinstance(given, timedelta) or callable(given) or (given and type(given) is str)
    if given is not None and not is_length:
        raise ContractError(f"{what} is a timedelta, a column or a function, not {given!r}.")


def _refuse_contradictions(what: str, said: After) -> None:
    if (said.amount is None) == (said.at is None):
        raise ContractError(f"{what}: say after how much time, or at= which moment; one of them.")
    if said.every == timedelta(0):
        raise ContractError(f"{what}: every= is longer than nothing.")
    if said.at is not None and said.pauses_in:
        raise ContractError(f"{what}: the moment of at= does not wait; leave out pauses_in=.")
    if said.at is not None and said.hours is not None and said.every is None:
        raise ContractError(f"{what}: at= is a moment by no calendar; leave out hours=.")
    if said.hours is not None and not all(
        callable(getattr(said.hours, word, None)) for word in ("add", "between")
    ):
        raise ContractError(f"{what}: hours= has add(moment, amount) and between(begin, end).")
