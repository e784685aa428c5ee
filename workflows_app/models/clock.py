"""The database's clock: what decides when a run is due and when a lease ends."""

from datetime import UTC, datetime
from typing import Any

from django.db import connections
from django.db.models import DateTimeField, Func
from django.utils import timezone


class DatabaseNow(Func):
    """This very moment by the database's clock (Django's ``Now()`` is when a transaction began)."""

    output_field = DateTimeField()
    template = "CLOCK_TIMESTAMP()"

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """SQLite runs in this process, and keeps times as text to the millisecond."""
        # Doubled twice: for the template, and for Django, which logs a query by formatting it.
        now = "STRFTIME('%%%%Y-%%%%m-%%%%d %%%%H:%%%%M:%%%%f', 'NOW')"
        return self.as_sql(compiler, connection, template=now, **context)

    def as_mysql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """MariaDB keeps times in UTC, without saying so; NOW() would be the session's time."""
        return self.as_sql(compiler, connection, template="UTC_TIMESTAMP(6)", **context)


def database_now(using: str) -> datetime:
    """The time by the database's clock, aware."""
    vendor = connections[using].vendor
    if vendor == "sqlite":
        return timezone.now()
    with connections[using].cursor() as cursor:
        cursor.execute(_ASK_MARIADB if vendor == "mysql" else _ASK_POSTGRESQL)
        now: datetime = cursor.fetchone()[0]
    return now.replace(tzinfo=UTC) if vendor == "mysql" else now


_ASK_POSTGRESQL = "SELECT CLOCK_TIMESTAMP()"
_ASK_MARIADB = "SELECT UTC_TIMESTAMP(6)"
