"""Telling the workers, after a commit, that there may be work."""

from collections.abc import Callable
from functools import cache

from django.db import connections, transaction

CHANNEL = "workflows_wake"


def wake(using: str) -> None:
    """Wake the workers once the present transaction of ``using`` has committed.

    Call it inside the transaction, as often as you like: one notification is sent, after the
    commit, because inside of it it would make commits wait for each other. Losing it loses
    nothing, since workers look again within a second. Only PostgreSQL needs it: on SQLite
    workers see the commit itself, elsewhere they look every 50 ms.
    """
    connection = connections[using]
    if connection.vendor != "postgresql":
        return
    notify = _notification(using)
    if not any(entry[1] is notify for entry in connection.run_on_commit):
        transaction.on_commit(notify, using=using, robust=True)


@cache
def _notification(using: str) -> Callable[[], None]:
    """One function for each database, so that a transaction can tell that it has it already."""

    def notify_workers() -> None:
        with connections[using].cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")

    return notify_workers
