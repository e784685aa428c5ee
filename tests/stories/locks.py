"""Whether somebody waits for a lock: asked of the server."""

import time

from django.db import connection

from tests.cluster_members import wait_until

LIMIT_SECONDS = 20
#: MariaDB shows the same picture again to whoever asks sooner.
NEW_PICTURE_SECONDS = 0.15
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


def wait_until_somebody_waits_for_a_lock():
    """Servers show it; on SQLite the one that begins a transaction waits."""
    if connection.vendor in WAITING:
        wait_until(_somebody_waits, "a session waits for a lock", LIMIT_SECONDS)


def _somebody_waits():
    if connection.vendor == "mysql":
        time.sleep(NEW_PICTURE_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(WAITING[connection.vendor])
        return cursor.fetchone()[0] > 0
