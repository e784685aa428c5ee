"""Emptying PostgreSQL after a test with real transactions, in a tenth of the time.

Django truncates, and that gives every table and every index a new file: half a second and more.
Our tests leave a few rows in a few tables, and to delete those takes a few milliseconds.
"""

from contextlib import contextmanager

import pytest
from django.db import connection
from django.test import TransactionTestCase

MOST_BYTES = 4_000_000  # what was deleted piles up no higher


@contextmanager
def quick_ends():
    """At the end of every test; a flush that a test asks for itself stays Django's."""
    teardown = TransactionTestCase._fixture_teardown

    def quickly(test):
        with pytest.MonkeyPatch.context() as patch:
            if connection.vendor == "postgresql":
                patch.setattr(connection.ops, "sql_flush", deletions)
            teardown(test)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", quickly)
        yield


def deletions(style, tables, **options):
    """Statements that empty these tables, for `execute_sql_flush`.

    Locked like TRUNCATE locks them: what somebody still writes is waited for.
    """
    names = [connection.ops.quote_name(table) for table in tables]
    if not may_pass_over_triggers() or bytes_of(names) > MOST_BYTES:
        return type(connection.ops).sql_flush(connection.ops, style, tables, **options)
    return [
        f"LOCK TABLE {', '.join(names)}",
        "SET LOCAL session_replication_role = replica",  # neither guard nor foreign keys
        *[f"DELETE FROM {name}" for name in names],
    ]


def may_pass_over_triggers():
    return the_value("SELECT current_setting('is_superuser') = 'on'")


def bytes_of(names):
    each = "UNNEST(%s::regclass[]) AS one(name)"
    return the_value(f"SELECT SUM(PG_RELATION_SIZE(name)) FROM {each}", names)


def the_value(query, *values):
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchone()[0]
