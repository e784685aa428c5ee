"""Do settings, databases and installed versions carry what a workflow promises?"""

import sys
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from django.conf import settings as django_settings
from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, router

from workflows_app.conf import known, settings
from workflows_app.contract.registry import contracts

_DJANGO_Q2 = (1, 11)
_SQLITE_THREADS = 4
_SQLITE_SECONDS = 20
_READ_COMMITTED = "read committed"


def wrong_settings() -> list[CheckMessage]:
    """What WORKFLOWS says and must not."""
    try:
        for name in sorted(known()):
            getattr(settings, name)
    except ImproperlyConfigured as fault:
        hint = f"It knows {', '.join(sorted(known()))}."
        return [Error(str(fault), hint=hint, id="workflows_app.E040")]
    return []


def faults() -> Iterator[CheckMessage]:
    """What the project lacks, if it has any workflow."""
    used = sorted({router.db_for_write(contract.model) for contract in contracts()})
    if used:
        yield from _installed_versions()
        yield from _switched_off()
    for using in used:
        yield from database_faults(using, connections[using].settings_dict)


def _installed_versions() -> Iterator[CheckMessage]:
    found = version("django-q2")
    if tuple(int(part) for part in found.split(".")[:2]) != _DJANGO_Q2:
        yield Error(
            f"django-q2 {found} is installed; the worker is proved on {_wanted()} only.",
            hint=f"pip install 'django-q2=={_wanted()}.*'",
            id="workflows_app.E041",
        )


def _wanted() -> str:
    return ".".join(map(str, _DJANGO_Q2))


def _switched_off() -> Iterator[CheckMessage]:
    if not getattr(django_settings, "SIMPLE_HISTORY_ENABLED", True):
        yield Warning(
            "SIMPLE_HISTORY_ENABLED=False: operations are recorded, snapshots of columns are not.",
            hint="Remove it from the settings.",
            id="workflows_app.W010",
        )
    if sys.flags.optimize >= 2:
        yield Warning(
            "python -OO strips the docstrings that people read in admin, API and timeline.",
            hint="Run python -O, or give label= and message= everywhere.",
            id="workflows_app.W011",
        )


def database_faults(using: str, database: dict[str, Any]) -> Iterator[CheckMessage]:
    engine = database["ENGINE"].rpartition(".")[2]
    if engine in ("sqlite3", "mysql"):
        yield from _times(using, database.get("TIME_ZONE"))
    if engine == "mysql":
        yield from _mariadb(using, database["OPTIONS"])
    if engine == "sqlite3":
        yield from _sqlite(using, database["OPTIONS"])
    elif database["CONN_MAX_AGE"] == 0 and not database["OPTIONS"].get("pool"):
        yield Warning(
            f"Database {using!r}: CONN_MAX_AGE=0 connects anew for every request.",
            hint="Set CONN_MAX_AGE=60 and CONN_HEALTH_CHECKS=True, or a connection pool.",
            id="workflows_app.W014",
        )


def _sqlite(using: str, options: dict[str, Any]) -> Iterator[CheckMessage]:
    missing = [
        word
        for word, said in (
            ('"transaction_mode": "IMMEDIATE"', options.get("transaction_mode") == "IMMEDIATE"),
            ('"timeout": 20', options.get("timeout", 5) >= _SQLITE_SECONDS),
            ('"init_command": "PRAGMA journal_mode=WAL"', _is_wal(options)),
        )
        if not said
    ]
    if missing:
        yield Warning(
            f"Database {using!r}: SQLite refuses work as 'locked' when requests and workers meet.",
            hint=f"Add to its OPTIONS: {', '.join(missing)}.",
            id="workflows_app.W012",
        )
    if settings.THREADS > _SQLITE_THREADS:
        yield Warning(
            f"Database {using!r}: SQLite has one writer; {settings.THREADS} threads queue up.",
            hint=f'WORKFLOWS["THREADS"] = {_SQLITE_THREADS}, or PostgreSQL.',
            id="workflows_app.W013",
        )


def _mariadb(using: str, options: dict[str, Any]) -> Iterator[CheckMessage]:
    level = options.get("isolation_level", _READ_COMMITTED)
    if str(level).lower() != _READ_COMMITTED:
        yield Error(
            f"Database {using!r}: on MariaDB, isolation level {level!r} reads what was true before"
            " a lock was granted, and locks the gaps into which others insert.",
            hint=f'Remove "isolation_level" from its OPTIONS: Django uses "{_READ_COMMITTED}".',
            id="workflows_app.E042",
        )


def _times(using: str, time_zone: str | None) -> Iterator[CheckMessage]:
    if time_zone not in (None, "UTC"):
        yield Error(
            f"Database {using!r} keeps times as in {time_zone}, but its clock, which decides what"
            " is due, says UTC.",
            hint="Remove its TIME_ZONE: with USE_TZ = True, Django stores UTC.",
            id="workflows_app.E043",
        )


def _is_wal(options: dict[str, Any]) -> bool:
    return "journal_mode=wal" in options.get("init_command", "").lower().replace(" ", "")
