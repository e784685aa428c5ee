"""The MariaDB of a run: the server that MARIADB_URL names."""

import os
from urllib.parse import unquote, urlsplit

from tests.postgres_server import Unreachable

try:
    import MySQLdb
except ImportError:  # it is compiled where it is installed, so only who has a MariaDB has it
    MySQLdb = None


def mariadb_server():
    """The URL of a MariaDB that answers; None where none is named. Raises Unreachable."""
    given = os.environ.get("MARIADB_URL")
    if not given:
        return None
    if MySQLdb is None:
        raise Unreachable("MARIADB_URL is set, but mysqlclient is not installed")
    where = urlsplit(given)
    try:
        MySQLdb.connect(
            host=where.hostname,
            port=where.port or 3306,
            user=where.username,
            password=unquote(where.password or ""),
            connect_timeout=10,
        ).close()
    except MySQLdb.Error as error:
        raise Unreachable(str(error)) from error
    return given
