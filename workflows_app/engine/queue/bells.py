"""How a sleeping broker hears, on each database, that something was committed.

Always in this order: arm the bell, look, and if there is nothing, wait. What is committed after
the bell was armed rings it, so nothing slips in between.
"""

import logging
import select
import sqlite3
import time
from datetime import timedelta
from typing import Any, Protocol

from django.db import connections

from workflows_app.conf import settings

from .wake import CHANNEL

try:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict
except ImportError:  # no PostgreSQL, or the older driver: then the broker polls
    psycopg = None  # type: ignore[assignment]

logger = logging.getLogger("workflows_app.queue")

POLL = timedelta(milliseconds=50)
GLANCE = timedelta(milliseconds=5)
HEALTH = timedelta(seconds=10)
#: After this a server that does not answer is taken for gone: a connection may be half open.
ANSWER_WITHIN = timedelta(seconds=2)
#: So that a server that vanished without a word is noticed in seconds, not in hours.
KEEPALIVES = {
    "connect_timeout": 2,
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}


class Bell(Protocol):
    """Rings when something was committed since it was armed."""

    def arm(self) -> None:
        """Call before looking."""

    def wait(self, at_most: timedelta) -> None:
        """Return when it rings, at the latest after this time."""

    def close(self) -> None:
        """Let go of what it needed."""


def bell_of(using: str) -> Bell:
    """The best bell that the database has; made in the process that waits."""
    vendor = connections[using].vendor
    if vendor == "postgresql" and psycopg is not None:
        return Listening(using)
    if vendor == "sqlite":
        return DataVersion(using)
    return Polling()


class Polling:
    """No bell: look again soon."""

    def arm(self) -> None:
        """Nothing to prepare."""

    def wait(self, at_most: timedelta) -> None:
        """Sleep until the next look."""
        time.sleep(min(at_most, POLL).total_seconds())

    def close(self) -> None:
        """Nothing to let go of."""


class Listening:
    """PostgreSQL: LISTEN on a connection of its own, which is made anew when it breaks."""

    def __init__(self, using: str) -> None:
        self._using = using
        self._connection: Any = None
        self._checked = -HEALTH.total_seconds()

    def arm(self) -> None:
        """Listen, and make sure now and then that somebody is at the other end."""
        now = time.monotonic()
        if now - self._checked < HEALTH.total_seconds():
            return
        self._checked = now
        try:
            self._ask_or_connect()
        except psycopg.Error as error:
            self._lose(error)

    def _ask_or_connect(self) -> None:
        if self._connection is not None:
            _ask(self._connection)
            return
        self._connection = psycopg.connect(**_listen_parameters(self._using), autocommit=True)
        self._connection.execute(f"LISTEN {CHANNEL}")

    def wait(self, at_most: timedelta) -> None:
        """Wait for a notification; without a connection, poll."""
        if self._connection is None:
            Polling().wait(at_most)
            return
        try:
            for _ in self._connection.notifies(timeout=at_most.total_seconds(), stop_after=1):
                pass
        except psycopg.Error as error:
            self._lose(error)
            self._checked = -HEALTH.total_seconds()  # listen again before the next look

    def _lose(self, error: Exception) -> None:
        logger.warning("No longer listening to PostgreSQL, looking often instead: %s", error)
        self.close()

    def close(self) -> None:
        """Hang up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _ask(connection: Any) -> None:
    """Raises OperationalError when nobody answers in time; ``execute()`` would wait for ever."""
    server = connection.pgconn
    server.send_query(b"SELECT 1")
    until = time.monotonic() + ANSWER_WITHIN.total_seconds()
    while server.is_busy():
        left = max(0.0, until - time.monotonic())
        if not select.select([server.socket], [], [], left)[0]:
            raise psycopg.OperationalError("the server does not answer")
        server.consume_input()
    while server.get_result():
        pass


def _listen_parameters(using: str) -> dict[str, Any]:
    if settings.LISTEN_DSN:
        return KEEPALIVES | conninfo_to_dict(settings.LISTEN_DSN)
    return KEEPALIVES | connections[using].get_connection_params()


class DataVersion:
    """SQLite: a number that changes when another connection has committed; asking is cheap."""

    def __init__(self, using: str) -> None:
        parameters = connections[using].get_connection_params()
        self._connection = sqlite3.connect(
            parameters["database"], uri=parameters.get("uri", False), isolation_level=None
        )
        self._seen: int | None = None

    def arm(self) -> None:
        """Remember the number before anybody looks."""
        self._seen = self._version()

    def wait(self, at_most: timedelta) -> None:
        """Glance at the number until it is another one."""
        until = time.monotonic() + at_most.total_seconds()
        while self._version() == self._seen and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, GLANCE.total_seconds()))

    def _version(self) -> int | None:
        try:
            version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.OperationalError:  # busy: somebody is committing this very moment
            return None
        return version

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
