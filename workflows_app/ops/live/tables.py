"""Is the ground there: tables, columns, and the guard?"""

from collections.abc import Iterator
from typing import Any

from django.core.checks import ERROR
from django.db import NotSupportedError, connections
from django.db.models import Model

from workflows_app.contract.registry import contracts
from workflows_app.models import EffectRun, Event, Message, Operation, Timer, guard
from workflows_app.models.guard.dialects import dialect_of

from .finding import Finding


def is_there(using: str, model: type[Model]) -> bool:
    """Whether the database has the table of a model with every column."""
    return not _lacking(using, model)


def missing_tables(using: str) -> Iterator[Finding]:
    """Migrations that did not run."""
    ours: list[Any] = [Operation, Event, EffectRun, Message, Timer]
    for model in ours + list({one.model: None for one in contracts()}):
        if lacking := _lacking(using, model):
            yield Finding(
                ERROR,
                f"Database {using!r} lacks {', '.join(lacking)} of {model._meta.db_table}.",
                hint=f"Run 'manage.py migrate --database {using}'.",
                obj=model,
                id="workflows_app.E073",
                count=len(lacking),
            )


def unguarded(using: str) -> Iterator[Finding]:
    """Triggers that are missing, disabled, or were made for another contract."""
    try:
        gone = guard.missing(using)
    except NotSupportedError as error:
        yield Finding(
            ERROR,
            f"Database {using!r}: {error}",
            hint="docs/databases.md says which servers are known.",
            obj=None,
            id="workflows_app.E044",
        )
        return
    if gone:
        yield Finding(
            ERROR,
            f"Database {using!r} lacks triggers of the guard ({', '.join(gone)}): rows can be"
            " changed there without a record.",
            hint=f"Run 'manage.py migrate --database {using}': it installs what is missing.",
            obj=None,
            id="workflows_app.E072",
            count=len(gone),
        )


def _lacking(using: str, model: Any) -> list[str]:
    there = dialect_of(connections[using]).columns_of(model._meta.db_table)
    return [str(f.column) for f in model._meta.local_concrete_fields if f.column not in there]
