"""What was recorded stays as it was recorded, except for what a tombstone says."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Model

from workflows_app.models.event import Event
from workflows_app.models.operation import Operation
from workflows_app.models.tombstone import Tombstone

from .dialect import Dialect
from .removal import Removed
from .trigger import ALWAYS, EXECUTE, Refusal, Trigger


def record_triggers(dialect: Dialect) -> Iterator[Trigger]:
    """The triggers of operations, events and tombstones, of those tables that are there."""
    removed = Removed(dialect)
    yield from _append_only(dialect, Operation, "an operation", removed.operation)
    if dialect.columns_of(Event._meta.db_table):
        yield from _append_only(dialect, Event, "an event", removed.event)
    if removed.is_there():
        yield from _append_only(dialect, Tombstone, "a tombstone")
        yield removed.trigger()


def _append_only(
    dialect: Dialect, model: type[Model], word: str, removed: Any = None
) -> Iterator[Trigger]:
    table = model._meta.db_table
    message = (
        f"{table} is append-only: {word} is neither edited nor deleted, it is the proof of what"
        f" happened. To put something right, add a new one. {EXECUTE}"
    )
    for event in ("update", "delete"):
        covered = removed(event) if removed else None
        yield Trigger(
            table, event, ALWAYS, (Refusal(f"NOT ({covered})" if covered else ALWAYS, message),)
        )
    if dialect.replaces_rows_unasked:
        replaces = Refusal(_is_there_already(dialect, model), message)
        yield Trigger(table, "insert", ALWAYS, (replaces,), moment="before")


def _is_there_already(dialect: Dialect, model: type[Model]) -> str:
    """The condition that a new row has the key, or anything else that is unique, of another."""
    meta: Any = model._meta
    unique = [(meta.pk.name,), *(one.fields for one in meta.total_unique_constraints)]
    # A look for each: one look for any of them reads the whole table, where SQLite's statistics
    # are of a time when it was small.
    return " OR ".join(_has_same(dialect, model, names) for names in unique)


def _has_same(dialect: Dialect, model: type[Model], names: Iterable[str]) -> str:
    meta: Any = model._meta
    columns = [dialect.quoted(meta.get_field(name).column) for name in names]
    same = " AND ".join(f"o.{column} = NEW.{column}" for column in columns)
    return f"EXISTS (SELECT 1 FROM {dialect.table(meta.db_table)} o WHERE {same})"
