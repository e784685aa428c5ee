"""Standing between the program and its database: what the kit does, it does from there.

So the package itself has no switch for tests: a clock rewrites a statement on its way, a crash
happens before or after one.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.db import connections
from django.db.backends.signals import connection_created

#: Django's execute_wrapper: (execute, sql, params, many, context) -> what execute returns.
Wrapper = Callable[[Callable[..., Any], str, Any, bool, dict[str, Any]], Any]
#: The same for commits: (connection, commit).
CommitWrapper = Callable[[Any, Callable[[], None]], None]


@contextmanager
def between(
    wrapper: Wrapper, round_commits: CommitWrapper | None = None, *, only_here: bool = False
) -> Iterator[None]:
    """Have this round every statement: of this thread's connections, and of those that any thread
    opens meanwhile. A connection that another thread has open already is left alone, and with
    ``only_here`` any that is another thread's.
    """
    met: list[tuple[Any, Any]] = []
    here = threading.get_ident()

    def meet(connection: Any, **kwargs: Any) -> None:
        elsewhere = only_here and threading.get_ident() != here
        if elsewhere or wrapper in connection.execute_wrappers:
            return
        # First: somebody in an execute_wrapper() block removes the last one when he leaves.
        connection.execute_wrappers.insert(0, wrapper)
        met.append((connection, vars(connection).get("commit")))
        if round_commits is not None:
            connection.commit = partial(round_commits, connection, connection.commit)

    for connection in connections.all(initialized_only=True):
        meet(connection)
    connection_created.connect(meet, weak=False)
    try:
        yield
    finally:
        connection_created.disconnect(meet)
        for connection, commit in met:
            connection.execute_wrappers.remove(wrapper)
            vars(connection).pop("commit", None)
            if commit is not None:
                connection.commit = commit
