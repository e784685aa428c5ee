"""Purity: a guard asks no database unless it says so, and whoever watches stands round our users'
code.

The watcher is the test kit's; without one, and without DEBUG, a guard is called as it stands.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from enum import Enum
from typing import Any

from django.conf import settings as django_settings
from django.db import connections

from workflows_app.failures import ContractError


class Place(Enum):
    """Whose code is at work."""

    GUARD = "guard"
    BODY = "body"
    HANDLER = "handler"
    ENGINE = "engine"  #: ours, on behalf of a handler


#: Called with the place, the declaration (guard, transition, effect), its object and its database;
#: gives what stands round it.
Watcher = Callable[[Place, Any, Any, str | None], AbstractContextManager[Any]]

_watchers: list[Watcher] = []
_NOBODY: AbstractContextManager[Any] = nullcontext()
_READS = re.compile(r"\s*\(*\s*(SELECT|WITH|EXPLAIN|VALUES)\b", re.IGNORECASE)


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Let this watcher, and no other, stand round guards, bodies and handlers of every thread."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)


def inside(
    place: Place, what: Any = None, obj: Any = None, using: str | None = None
) -> AbstractContextManager[Any]:
    """What stands round the code of this place."""
    return _watchers[-1](place, what, obj, using) if _watchers else _NOBODY


def asked_purely(code: str, guard: Any, obj: Any, *, reads: bool) -> AbstractContextManager[Any]:
    """What stands round a guard: under DEBUG and where somebody watches, no query gets through."""
    if not (_watchers or django_settings.DEBUG):
        return _NOBODY
    stack = ExitStack()
    stack.enter_context(inside(Place.GUARD, guard, obj))
    for connection in connections.all():
        stack.enter_context(connection.execute_wrapper(_refusing(code, guard.name, reads=reads)))
    return stack


def only_reads(statement: str) -> bool:
    """Whether a statement leaves the database as it is."""
    return _READS.match(statement) is not None


def _refusing(code: str, name: str, *, reads: bool) -> Callable[..., Any]:
    def execute(run: Any, statement: str, parameters: Any, many: Any, context: Any) -> Any:
        if not reads:
            raise ContractError(
                f"Guard {name} asks the database: {statement[:200]} A guard sees the object only,"
                " because lists ask it for every row. Keep what it needs in a column of the object,"
                f' or say @guard("{code}", ..., reads=True).'
            )
        if not only_reads(statement):
            raise ContractError(
                f"Guard {name} writes to the database: {statement[:200]} A guard answers a"
                " question; write in the body of the transition."
            )
        return run(statement, parameters, many, context)

    return execute
