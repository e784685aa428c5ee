"""The claim: take runs that are due, for the time of a lease, by the database's clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connections
from django.db.models import F
from django.db.models.functions import Coalesce

from workflows_app.conf import settings
from workflows_app.contract.effects import Safety
from workflows_app.models import EffectRun, RunState

from .locking import own_transaction, retrying

_TABLE = EffectRun._meta.db_table
_COLUMNS = ", ".join(str(column.column) for column in EffectRun._meta.concrete_fields)

# ``state = 'queued'`` is literal: only then do partial indexes serve the look-up.
_POSTGRESQL = f"""
WITH claimable AS MATERIALIZED (
    SELECT id AS claimed FROM {_TABLE}
    WHERE state = 'queued' AND due <= CLOCK_TIMESTAMP() {{only}}
    ORDER BY due, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE {_TABLE} SET state = 'running', fence = fence + 1, attempts = attempts + 1,
    first_attempt_at = COALESCE(first_attempt_at, CLOCK_TIMESTAMP()),
    lease_until = CLOCK_TIMESTAMP() + %(lease)s
FROM claimable WHERE id = claimed
RETURNING {_COLUMNS}
"""  # noqa: S608  only names of our own columns

_NOW = "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')"
_LEASED = "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW', %(lease)s)"
_SQLITE = f"""
UPDATE {_TABLE} SET state = 'running', fence = fence + 1, attempts = attempts + 1,
    first_attempt_at = COALESCE(first_attempt_at, {_NOW}), lease_until = {_LEASED}
WHERE id IN (
    SELECT id FROM {_TABLE} WHERE state = 'queued' AND due <= {_NOW} {{only}}
    ORDER BY due, id LIMIT %(limit)s
)
RETURNING {_COLUMNS}
"""  # noqa: S608  only names of our own columns

_MARIADB = f"""
SELECT {_COLUMNS}, UTC_TIMESTAMP(6) AS looked_at FROM {_TABLE} FORCE INDEX (workflows_claimable)
WHERE state = 'queued' AND due <= UTC_TIMESTAMP(6) {{only}}
ORDER BY due, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
"""  # noqa: S608  only names of our own columns


#: Runs that lose nothing when they are claimed and not begun: harmless to repeat, in no lane.
_HARMLESS = "AND safety = 'replay_safe' AND lane IS NULL AND limit_key IS NULL"


def is_harmless(run: EffectRun) -> bool:
    """Whether a run may be claimed before there is a thread for it."""
    return run.safety == Safety.REPLAY_SAFE and run.lane is None and run.limit_key is None


def claim(using: str, limit: int, *, harmless: bool = False) -> list[EffectRun]:
    """Take up to ``limit`` due runs, oldest first; nobody else has them while the lease lasts.

    ``harmless``: only those that are.
    """
    lease: timedelta = settings.LEASE
    only = _HARMLESS if harmless else ""
    vendor = connections[using].vendor
    if vendor == "sqlite":
        statement = _SQLITE.format(only=only)
        found = _claimed(using, statement, limit, f"+{lease.total_seconds():.3f} seconds")
    elif vendor == "mysql":
        statement = _MARIADB.format(only=only)
        found = retrying(using, lambda: _claimed_in_two_steps(using, statement, limit, lease))
    else:
        found = _claimed(using, _POSTGRESQL.format(only=only), limit, lease)
    return sorted(found, key=lambda run: (run.due, run.id))


def _claimed_in_two_steps(
    using: str, statement: str, limit: int, lease: timedelta
) -> list[EffectRun]:
    """MariaDB's UPDATE returns no rows: lock them, then write."""
    with own_transaction(using):
        found: list[Any] = list(EffectRun.objects.using(using).raw(statement, {"limit": limit}))
        if found:
            _take(using, found, now=found[0].looked_at.replace(tzinfo=UTC), lease=lease)
    return found


def _take(using: str, runs: list[Any], *, now: datetime, lease: timedelta) -> None:
    mine = EffectRun.objects.using(using).filter(pk__in=[run.pk for run in runs])
    mine.update(
        state=RunState.RUNNING,
        fence=F("fence") + 1,
        attempts=F("attempts") + 1,
        first_attempt_at=Coalesce("first_attempt_at", now),
        lease_until=now + lease,
    )
    for run in runs:
        run.state, run.fence, run.attempts = RunState.RUNNING, run.fence + 1, run.attempts + 1
        run.first_attempt_at = run.first_attempt_at or now
        run.lease_until = now + lease


def _claimed(using: str, statement: str, limit: int, lease: object) -> list[EffectRun]:
    return list(EffectRun.objects.using(using).raw(statement, {"limit": limit, "lease": lease}))
