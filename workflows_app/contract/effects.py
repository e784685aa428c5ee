"""Effects: what happens outside the database, after the commit, and every promise about it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from workflows_app.failures import Failure

from .confirmation import External
from .retry import Retry
from .watching import Place, inside
from .who import Who

#: The words for what follows an acceptance, and a confirmation that did not come in time.
ACCEPTED_THEN, UNCONFIRMED = "accepted_then", "otherwise of its External"


class Safety(StrEnum):
    """What repeating an effect does outside: the choice that has no default."""

    REPLAY_SAFE = "replay_safe"  #: repeating is harmless
    KEYED = "keyed"  #: the remote honours an idempotency key for a while
    COMMITTED = "committed"  #: it counts once, and the remote does not help


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
    accepted_then: str | None
    confirmed_by: External | None
    probe: Callable[..., Any] | None
    undo: "Effect | None"
    undo_waiting: bool
    owner: Who | None
    lane: str | None
    max_running: int | None
    per: str | Callable[..., Any] | None
    window: timedelta | None
    settle: timedelta
    resend_after_probe: bool
    doubt_deadline: timedelta
    label: str
    was: tuple[str, ...]

    def __call__(self, obj: Any, run: Any) -> Any:
        """Call the handler: every attempt does, and so do tests of the handler itself."""
        with inside(Place.HANDLER, self, obj):
            return self.handler(obj, run)

    def while_open(self) -> Iterator[tuple[str, str]]:
        """What follows while nobody has said how it ends: the word for it, and the transition."""
        if self.accepted_then is not None:
            yield ACCEPTED_THEN, self.accepted_then
        if self.confirmed_by is not None and self.confirmed_by.otherwise is not None:
            yield UNCONFIRMED, self.confirmed_by.otherwise

    def with_undo(self) -> "Iterator[Effect]":
        """Itself, what undoes it, and what undoes that: all that a transition may ask for by it."""
        yield self
        if self.undo is not None:
            yield from self.undo.with_undo()
