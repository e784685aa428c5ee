"""Stopping a thread at a statement of its transaction, until the test lets it go on."""

import threading
from contextlib import contextmanager

from django.db import connection

from tests.cluster_members import wait_until

LIMIT_SECONDS = 20
WAITING = {
    "postgresql": (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    ),
    "mysql": (
        "SELECT count(*) FROM information_schema.innodb_trx t"
        " JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id"
        " WHERE t.trx_state = 'LOCK WAIT' AND p.db = DATABASE()"
    ),
}


class Pause:
    """Stops the thread that runs under it once, right after a statement."""

    def __init__(self, *parts, before=False):
        self._parts, self._before = parts, before
        self._reached, self._go = threading.Event(), threading.Event()

    @contextmanager
    def here(self):
        """Where the pausing thread does its work."""
        with connection.execute_wrapper(self):
            yield

    def __call__(self, execute, sql, params, many, context):
        matches = all(part in sql for part in self._parts) and not self._reached.is_set()
        if matches and self._before:
            self._stop()
        result = execute(sql, params, many, context)
        if matches and not self._before:
            self._stop()
        return result

    def wait_until_reached(self):
        """Called by the others: returns when the thread stands there."""
        assert self._reached.wait(LIMIT_SECONDS), f"nobody came to {self._parts}"

    def let_go(self):
        """Called by the others: the thread goes on."""
        self._go.set()

    def _stop(self):
        self._reached.set()
        assert self._go.wait(LIMIT_SECONDS), f"nobody lets go of {self._parts}"


def wait_until_somebody_waits_for_a_lock():
    """Servers show it; on SQLite the one that begins a transaction waits."""
    if connection.vendor in WAITING:
        wait_until(_somebody_waits, "a session waits for a lock", LIMIT_SECONDS)


def _somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute(WAITING[connection.vendor])
        return cursor.fetchone()[0] > 0
