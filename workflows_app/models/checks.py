"""System checks that look at the database: ``check --database default``."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.db import NotSupportedError

from .guard import missing
from .guard.around_migrations import is_ours


@register(Tags.database)
def check_guard(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """A trigger that is not there guards nothing; neither does a server we do not know."""
    return [fault for using in databases or () if is_ours(using) for fault in _faults(using)]


def _faults(using: str) -> list[CheckMessage]:
    try:
        gone = missing(using)
    except NotSupportedError as error:
        return [_unknown(using, error)]
    return [_lacks(using, gone)] if gone else []


def _unknown(using: str, error: Exception) -> CheckMessage:
    return Error(
        f"Database {using!r}: {error}",
        hint="docs/databases.md says which servers are known.",
        id="workflows_app.E044",
    )


def _lacks(using: str, gone: list[str]) -> CheckMessage:
    # A warning: an error would stop ``migrate``, which is the cure.
    return Warning(
        f"Database {using!r} lacks triggers of the guard ({', '.join(gone)}): rows can be changed"
        " there without a record.",
        hint=f"Run 'manage.py migrate --database {using}': it installs what is missing.",
        id="workflows_app.W040",
    )
