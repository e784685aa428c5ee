"""Plain SQL about one run: every attempt asks for it, and building it costs more than its work."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import chain
from typing import Any

from django.db import connections

from workflows_app.models import EffectRun

_TABLE = EffectRun._meta.db_table

_HOLD = f"""
UPDATE {_TABLE} SET fence = fence WHERE id = %s AND state = 'running' AND fence = %s
    AND superseded_by_id IS NULL AND contradiction IS NULL
"""  # noqa: S608  only names of our own columns
_UNWANTED = f"""
SELECT 1 FROM {_TABLE} WHERE id = %s AND state = 'running' AND fence = %s
    AND superseded_by_id IS NOT NULL
"""  # noqa: S608  only names of our own columns
_MARK = f"""
UPDATE {_TABLE} SET sent_at = {{now}}, sent_fence = fence, lease_until = {{leased}}
WHERE {{which}} AND state = 'running' AND lease_until > {{now}} AND superseded_by_id IS NULL
"""  # noqa: S608  only names of our own columns
_THIS_CLAIM = "id = %s AND fence = %s"
_THESE_CLAIMS = f"id IN (SELECT id FROM {_TABLE} WHERE {{claims}} {{skipping}})"  # noqa: S608  as above
_CLOCKS = {
    "postgresql": ("CLOCK_TIMESTAMP()", "CLOCK_TIMESTAMP() + %s"),
    "sqlite": (
        "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW')",
        "STRFTIME('%%Y-%%m-%%d %%H:%%M:%%f', 'NOW', %s)",
    ),
    "mysql": ("UTC_TIMESTAMP(6)", "UTC_TIMESTAMP(6) + INTERVAL %s MICROSECOND"),
}
_FIRST_HELD = f"""
SELECT id FROM {_TABLE} WHERE lane = %s AND state = 'held' ORDER BY version, position LIMIT 1
"""  # noqa: S608  only names of our own columns


def hold(using: str, run: EffectRun) -> bool:
    """Lock a run that this worker claimed; whether it is as it was claimed."""
    return _write(using, _HOLD, (_key(using, run), run.fence))


def is_unwanted(using: str, run: EffectRun) -> bool:
    """Whether a run that this worker claimed was superseded since."""
    with connections[using].cursor() as cursor:
        cursor.execute(_UNWANTED, (_key(using, run), run.fence))
        return cursor.fetchone() is not None


def mark(using: str, run: EffectRun, lease: timedelta) -> bool:
    """Say that it is about to be sent, and renew its lease; whether it may be, by its claim."""
    statement, length = _marking(using, _THIS_CLAIM, lease)
    return _write(using, statement, (length, _key(using, run), run.fence))


def mark_many(using: str, runs: list[EffectRun], lease: timedelta) -> list[bool]:
    """The same in one statement; what somebody has locked is left out. Not on MariaDB."""
    skipping = "" if connections[using].vendor == "sqlite" else "FOR UPDATE SKIP LOCKED"
    claims = " OR ".join(_THIS_CLAIM for _ in runs)
    these = _THESE_CLAIMS.format(claims=claims, skipping=skipping)
    statement, length = _marking(using, these, lease)
    claimed = chain.from_iterable((_key(using, run), run.fence) for run in runs)
    with connections[using].cursor() as cursor:
        cursor.execute(f"{statement} RETURNING id", (length, *claimed))
        marked = {EffectRun._meta.pk.to_python(key) for (key,) in cursor.fetchall()}
    return [run.pk in marked for run in runs]


def _marking(using: str, which: str, lease: timedelta) -> tuple[str, Any]:
    vendor = connections[using].vendor
    now, leased = _CLOCKS[vendor]
    length = {
        "postgresql": lease,
        "sqlite": f"+{lease.total_seconds():.3f} seconds",
        "mysql": lease // timedelta(microseconds=1),
    }[vendor]
    return _MARK.format(now=now, leased=leased, which=which), length


def write(using: str, run: EffectRun, *columns: str) -> None:
    """Store these columns of a run that we hold."""
    fields: list[Any] = [EffectRun._meta.get_field(name) for name in columns]
    database = connections[using]
    values = [one.get_db_prep_save(getattr(run, one.attname), database) for one in fields]
    named = ", ".join(f"{one.column} = %s" for one in fields)
    statement = f"UPDATE {_TABLE} SET {named} WHERE id = %s"  # noqa: S608  our own columns
    _write(using, statement, (*values, _key(using, run)))


def first_held(using: str, lane: str) -> EffectRun | None:
    """The first run that waits in a lane. Mostly there is none."""
    with connections[using].cursor() as cursor:
        cursor.execute(_FIRST_HELD, (lane,))
        found = cursor.fetchone()
    return EffectRun.objects.using(using).get(pk=found[0]) if found else None


def _key(using: str, run: EffectRun) -> Any:
    return EffectRun._meta.pk.get_db_prep_value(run.pk, connections[using])


def _write(using: str, statement: str, values: Sequence[Any]) -> bool:
    with connections[using].cursor() as cursor:
        cursor.execute(statement, values)
        return bool(cursor.rowcount)
