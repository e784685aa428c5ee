"""The databases the guard knows."""

from typing import Any

from django.db import NotSupportedError

from .dialect import Dialect
from .mariadb import MariaDB
from .postgresql import PostgreSQL
from .sqlite import SQLite

KNOWN: dict[str, type[Dialect]] = {
    dialect.vendor: dialect for dialect in (MariaDB, PostgreSQL, SQLite)
}
#: SKIP LOCKED, by which workers claim runs.
OLDEST_MARIADB = (10, 6)
#: In between, its UUID type sorts version 7 by other bits than its time (MDEV-29959, MDEV-31926).
SORTS_UUIDS_BY_NODE = ((10, 7), (10, 11, 6))


def dialect_of(connection: Any) -> Dialect:
    """The dialect of a connection. Raises NotSupportedError for a database we cannot guard."""
    try:
        dialect = KNOWN[connection.vendor]
    except KeyError:
        raise NotSupportedError(
            f"workflows_app cannot guard a {connection.vendor} database; it knows MariaDB,"
            " PostgreSQL and SQLite. Route its tables elsewhere with a database router."
        ) from None
    if dialect is MariaDB:
        _refuse_other_servers(connection)
    return dialect(connection)


def _refuse_other_servers(connection: Any) -> None:
    """MySQL speaks almost the same language, and almost is not enough for a guard."""
    first, fixed = SORTS_UUIDS_BY_NODE
    found = connection.mysql_version
    if not connection.mysql_is_mariadb:
        reason = "this is MySQL"
    elif found < OLDEST_MARIADB or first <= found < fixed:
        reason = f"this is MariaDB {'.'.join(map(str, found))}"
    elif not connection.features.supports_transactions:
        reason = "its default storage engine has no transactions"
    else:
        return
    raise NotSupportedError(
        f"workflows_app cannot guard this database: {reason}. It knows MariaDB 10.6, and MariaDB"
        " from 10.11.6 on, with InnoDB."
    )
