"""The guard in the database: no state changes without its operation, whoever writes."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connections, transaction

from .dialect import Dialect
from .dialects import dialect_of
from .trigger import Standing, Trigger
from .triggers import wanted_triggers

__all__ = ["absent", "install", "lift", "lifted", "missing"]


def install(using: str) -> None:
    """Bring the triggers of this database to what the contracts say now.

    Changes only what differs, so it may be called as often as one likes. Tables that are not
    there (yet) are skipped; triggers of contracts that are gone are dropped.
    """
    dialect = dialect_of(connections[using])
    wanted = wanted_triggers(dialect)
    with _transaction(using):
        standing = dialect.standing()
        _drop(dialect, [one for one in standing if not one.enabled])
        there = {one.name for one in standing if one.enabled}
        # New ones first: where each statement commits by itself, there is no moment without any.
        _create(dialect, [trigger for name, trigger in wanted.items() if name not in there])
        _drop(dialect, [one for one in standing if one.enabled and one.name not in wanted])
        dialect.run(dialect.drop_orphans())
        if not wanted:
            dialect.run(dialect.drop_the_rest())


def lift(using: str, *, only: str = "", tables: Collection[str] = ()) -> None:
    """Drop the triggers of the guard in this database: nothing is refused until install().

    ``only`` an event (insert, update, delete), or those of some ``tables``, lifts no more than is
    needed for that.
    """
    dialect = dialect_of(connections[using])
    with _transaction(using):
        chosen = [one for one in dialect.standing() if one.is_for(only)]
        _drop(dialect, [one for one in chosen if not tables or one.table in tables])
        if not (only or tables):
            dialect.run(dialect.drop_the_rest())


def missing(using: str) -> list[str]:
    """The triggers that the contracts want and this database lacks: ``"update of claims_claim"``.

    One that is disabled, or was made for an older contract, counts as missing.
    """
    dialect = dialect_of(connections[using])
    there = {one.name for one in dialect.standing() if one.enabled}
    wanted = wanted_triggers(dialect)
    return sorted(trigger.label for name, trigger in wanted.items() if name not in there)


def absent(using: str) -> list[str]:
    """Those missing ones in whose place no trigger stands at all, so that nothing is refused.

    In the place of the others stands that of another release, which refuses what it refuses.
    """
    dialect = dialect_of(connections[using])
    wanted = wanted_triggers(dialect)
    enabled = [one for one in dialect.standing() if one.enabled]
    there = {one.name for one in enabled}
    others = [one for one in enabled if one.name not in wanted]
    gone = [trigger for name, trigger in wanted.items() if name not in there]
    return sorted(trigger.label for trigger in gone if not _stands_for(trigger, others))


@contextmanager
def lifted(using: str, *, only: str = "") -> Iterator[None]:
    """Lift the guard for a block: whatever happens, it stands after it.

    The block is one transaction, except on MariaDB, which commits before it touches a trigger.
    """
    if connections[using].features.can_rollback_ddl:
        with transaction.atomic(using=using):
            lift(using, only=only)
            yield
            install(using)
    else:
        lift(using, only=only)
        try:
            yield
        finally:
            install(using)


def _stands_for(trigger: Trigger, others: list[Standing]) -> bool:
    return any(one.table == trigger.table and one.is_for(trigger.event) for one in others)


def _transaction(using: str) -> Any:
    """One for several triggers; within another one no savepoint that MariaDB would have lost."""
    return transaction.atomic(using=using, savepoint=connections[using].features.can_rollback_ddl)


def _drop(dialect: Dialect, triggers: list[Standing]) -> None:
    for one in triggers:
        dialect.run(dialect.drop(one.name, one.table))


def _create(dialect: Dialect, triggers: list[Trigger]) -> None:
    for trigger in triggers:
        dialect.run(dialect.create(trigger))
