"""Watching: whoever watches stands round the code of our users, where it is called.

The watcher is the test kit's. Without one, that code is called as it stands.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import Enum
from typing import Any


class Place(Enum):
    """Whose code is at work."""

    GUARD = "guard"
    BODY = "body"
    HANDLER = "handler"
    ENGINE = "engine"  #: ours, on behalf of a handler


#: Called with the place, the declaration (guard, transition, effect), its object and its database;
#: gives what stands round it.
Watcher = Callable[[Place, Any, Any, str | None], AbstractContextManager[Any]]

NOBODY: AbstractContextManager[Any] = nullcontext()
_watchers: list[Watcher] = []


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Let this watcher, and no other, stand round guards, bodies and handlers of every thread."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def is_watched() -> bool:
    """Whether anybody watches."""
    return bool(_watchers)


def inside(
    place: Place, what: Any = None, obj: Any = None, using: str | None = None
) -> AbstractContextManager[Any]:
    """What stands round the code of this place."""
    return _watchers[-1](place, what, obj, using) if _watchers else NOBODY
