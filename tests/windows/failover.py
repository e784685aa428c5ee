"""A failover that forgets: the database is as it was at an earlier moment, acknowledged or not."""

import sqlite3
from contextlib import closing, contextmanager

from django.db import connection, connections


@contextmanager
def remembered(directory):
    """Gives a function that puts the database back to where it stands now."""
    connections.close_all()
    if connection.vendor == "sqlite":
        copy = directory / "copy.sqlite3"
        _copy_file(connection.settings_dict["NAME"], copy)
        yield lambda: _restore_file(copy)
        return
    name = connection.settings_dict["NAME"]
    _end_every_session(name)
    _on_the_server(f'CREATE DATABASE "{name}_copy" TEMPLATE "{name}"')
    try:
        yield lambda: _restore_database(name)
    finally:
        _on_the_server(f'DROP DATABASE IF EXISTS "{name}_copy"')


def _restore_file(copy):
    connections.close_all()
    _copy_file(copy, connection.settings_dict["NAME"])


def _copy_file(source, target):
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _restore_database(name):
    connections.close_all()
    _on_the_server(f'DROP DATABASE "{name}" WITH (FORCE)')
    _on_the_server(f'CREATE DATABASE "{name}" TEMPLATE "{name}_copy"')


def _end_every_session(name):
    """A failover does; and nobody copies a database that others have open."""
    _on_the_server(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", name
    )


def _on_the_server(statement, *values):
    with connection._nodb_cursor() as cursor:
        cursor.execute(statement, values)
