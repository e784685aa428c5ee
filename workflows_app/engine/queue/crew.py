"""What one worker command shares with every process that it forks."""

from dataclasses import dataclass

from .beat import Heart
from .purse import Purse
from .shared import Event


@dataclass(frozen=True)
class Crew:
    """The request to stop, the tokens, the heartbeat."""

    stop: Event
    purse: Purse
    heart: Heart


_crew: Crew | None = None


def muster(*, tokens: int, using: str) -> Crew:
    """Begin a worker command; call it before the first fork, since children inherit it so."""
    global _crew
    _crew = Crew(Event(), Purse(tokens), Heart(using))
    return _crew


def crew() -> Crew | None:
    """The crew this process belongs to; None outside of ``workflows_worker``."""
    return _crew


def stopping() -> bool:
    """Whether to claim nothing more, hand back what has not begun, and return.

    Outside of ``workflows_worker`` nobody can ask, so it is False.
    """
    return _crew is not None and _crew.stop.is_set()
