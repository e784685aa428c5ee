"""Effects: what happens outside the database, after the commit, and how it may fail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from workflows_app.failures import ContractError, Failure, NotSent, Rejected, Unknown

from .watching import Place, inside
from .who import Who
from .words import duration, listed, name, names, plain_function


class Safety(StrEnum):
    """What repeating an effect does outside: the choice that has no default."""

    REPLAY_SAFE = "replay_safe"  #: repeating is harmless
    KEYED = "keyed"  #: the remote honours an idempotency key for a while


@dataclass(frozen=True)
class Retry:
    """How often and how long an effect is tried.

    The wait before attempt n+1 is ``min(cap, first * 3^(n-1))``, plus or minus a fifth. After
    ``times`` attempts, or ``give_up_after`` since the first one, the run is over.
    """

    times: int = 30
    first: timedelta = timedelta(seconds=2)
    cap: timedelta = timedelta(hours=1)
    give_up_after: timedelta = timedelta(hours=22)

    def __post_init__(self) -> None:
        if not isinstance(self.times, int) or self.times < 1:
            raise ContractError(f"Retry: times={self.times!r}; at least one attempt is made.")
        for word in ("first", "cap", "give_up_after"):
            duration(f"Retry: {word}", getattr(self, word))
        if self.first > self.cap:
            raise ContractError("Retry: first= is longer than cap=; raise cap= or shorten first=.")
        if self.times > 1 and self.first >= self.give_up_after:
            raise ContractError("Retry: give_up_after= ends before a second try; raise it.")

    def delay(self, attempt: int) -> timedelta:
        """The wait after this attempt (1 is the first), before the jitter."""
        times: int = 3 ** min(attempt - 1, 40)
        # Compared before it is multiplied: 3^40 seconds are more than a timedelta holds.
        return self.cap if times > self.cap / self.first else self.first * times


@dataclass(frozen=True)
class Effect:
    """A declared effect: its handler and every promise about it."""

    name: str
    handler: Callable[..., Any]
    safety: Safety
    retry: Retry
    timeout: timedelta
    carries: tuple[str, ...]
    fails_with: tuple[type[Failure], ...]
    then: str | None
    otherwise: str | None
    owner: Who | None
    lane: str | None
    window: timedelta | None
    label: str
    was: tuple[str, ...]

    def __call__(self, obj: Any, run: Any) -> Any:
        """Call the handler: every attempt does, and so do tests of the handler itself."""
        with inside(Place.HANDLER, self, obj):
            return self.handler(obj, run)


def replay_safe(
    *,
    retry: Retry | None = None,
    timeout: timedelta = timedelta(seconds=20),
    carries: Sequence[str] = (),
    fails_with: Sequence[type[Failure]] = (),
    then: str | None = None,
    otherwise: str | None = None,
    owner: Who | None = None,
    lane: str | None = None,
    label: str = "",
    was: Sequence[str] = (),
) -> Callable[[Callable[..., Any]], Effect]:
    """Declare an effect that may safely be repeated: recompute, upsert, a mail that may come twice.

    ``carries`` freezes columns into ``run.data`` at the commit; ``fails_with`` lists the typed
    failures; ``then``/``otherwise`` name the transitions that follow; ``owner`` has to act when it
    is dead; ``lane`` puts it in order behind others of that lane (default: none). ``was`` lists
    its names in earlier releases, oldest first: runs that were stored under one of them are its.
    """
    said = locals()
    return lambda handler: _declare(handler, Safety.REPLAY_SAFE, window=None, **said)


def keyed(
    *,
    window: timedelta = timedelta(hours=24),
    retry: Retry | None = None,
    timeout: timedelta = timedelta(seconds=20),
    carries: Sequence[str] = (),
    fails_with: Sequence[type[Failure]] = (),
    then: str | None = None,
    otherwise: str | None = None,
    owner: Who | None = None,
    lane: str | None = None,
    label: str = "",
    was: Sequence[str] = (),
) -> Callable[[Callable[..., Any]], Effect]:
    """Declare an effect whose remote honours ``run.key`` as an idempotency key for ``window``.

    It is retried freely inside the window with the same key and never after it; a budget that
    ends on Unknown leaves it in doubt. Keyed effects of one object run in order. The other
    arguments are those of ``replay_safe``.
    """
    duration("@keyed: window", window)
    said = {**locals(), "lane": lane or "main"}
    return lambda handler: _declare(handler, Safety.KEYED, **said)


def _declare(handler: Any, safety: Safety, **said: Any) -> Effect:
    if isinstance(handler, Effect):
        raise ContractError(f"Effect {handler.name}: choose one of @replay_safe and @keyed.")
    what = f"Effect {getattr(handler, '__name__', handler)!s}"
    plain_function(f"{what} (object and run)", handler, (2,))
    _refuse_contradictions(what, said)
    return Effect(
        name=name("The name of an effect", handler.__name__),
        handler=handler,
        safety=safety,
        retry=said["retry"] or Retry(),
        timeout=duration(f"{what}: timeout", said["timeout"]),
        carries=names(f"{what}: carries", said["carries"]),
        fails_with=_failures(what, said["fails_with"]),
        then=said["then"],
        otherwise=said["otherwise"],
        owner=said["owner"],
        lane=said["lane"],
        window=said["window"],
        label=said["label"] or handler.__name__.replace("_", " ").capitalize(),
        was=tuple(name(f"{what}: was", one) for one in listed(f"{what}: was", said["was"])),
    )


def _refuse_contradictions(what: str, said: dict[str, Any]) -> None:
    if not isinstance(said["retry"], Retry | None):
        raise ContractError(f"{what}: retry= takes Retry(...), not {said['retry']!r}.")
    for word in ("then", "otherwise"):
        if said[word] is not None:
            name(f"{what}: {word} (the name of a transition)", said[word])
    if said["lane"] is not None:
        name(f"{what}: lane", said["lane"])
    owner = said["owner"]
    if owner is not None and (not isinstance(owner, Who) or owner.admits_system):
        raise ContractError(f"{what}: owner= takes the role that acts when it is dead.")


def _failures(what: str, given: Any) -> tuple[type[Failure], ...]:
    declared = listed(f"{what}: fails_with", given)
    for failure in declared:
        if not (isinstance(failure, type) and issubclass(failure, Rejected | NotSent | Unknown)):
            raise ContractError(
                f"{what}: fails_with lists subclasses of Rejected, NotSent or Unknown,"
                f" not {failure!r}."
            )
    return declared
