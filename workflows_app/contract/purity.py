"""Purity: a guard asks no database unless it says so, and never writes."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from typing import Any

from django.conf import settings as django_settings
from django.db import connections

from workflows_app.failures import ContractError

from .watching import NOBODY, Place, inside, is_watched

_READS = re.compile(r"\s*\(*\s*(SELECT|WITH|EXPLAIN|VALUES)\b", re.IGNORECASE)


def asked_purely(code: str, guard: Any, obj: Any, *, reads: bool) -> AbstractContextManager[Any]:
    """What stands round a guard: under DEBUG and where somebody watches, no query gets through."""
    if not (is_watched() or django_settings.DEBUG):
        return NOBODY
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
