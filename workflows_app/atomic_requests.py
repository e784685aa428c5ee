"""ATOMIC_REQUESTS: a command is a transaction by itself, so its request is none."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import connections, transaction

View = TypeVar("View", bound=Callable[..., Any])


def outside_transactions(view: View) -> View:
    """The view, exempt from ATOMIC_REQUESTS on every database.

    A command retries when the database is busy and wakes the workers when it has committed; inside
    of a request's transaction it could do neither.
    """
    for using in connections:
        view = transaction.non_atomic_requests(using)(view)
    return view
