"""Standing between the program and its database: what the kit does, it does from there.

So the package itself has no switch for tests: a clock rewrites a statement on its way, a crash
happens before or after one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.db.backends.signals import connection_created

#: Django's execute_wrapper: (execute, sql, params, many, context) -> what execute returns.
Wrapper = Callable[[Callable[..., Any], str, Any, bool, dict[str, Any]], Any]


@contextmanager
def between(wrapper: Wrapper) -> Iterator[None]:
    """Have this round every statement: of this thread's connections, and of those that any thread
    opens meanwhile. A connection that another thread has open already is left alone.
    """
    met: list[Any] = []

    def meet(connection: Any, **kwargs: Any) -> None:
        if wrapper not in connection.execute_wrappers:
            # First: somebody in an execute_wrapper() block removes the last one when he leaves.
            connection.execute_wrappers.insert(0, wrapper)
            met.append(connection)

    for connection in connections.all(initialized_only=True):
        meet(connection)
    connection_created.connect(meet, weak=False)
    try:
        yield
    finally:
        connection_created.disconnect(meet)
        for connection in met:
            connection.execute_wrappers.remove(wrapper)
