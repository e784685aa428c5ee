"""Keeps the guard in step with migrations: receivers of pre_migrate and post_migrate."""

from typing import Any

from django.db import connections, router

from workflows_app.models.operation import Operation

from . import install, lift
from .dialects import dialect_of


def lift_before_migrations(using: str, plan: Any = (), **kwargs: Any) -> None:
    """Where tables are changed by rebuilding them, no trigger may name them meanwhile."""
    if plan and is_ours(using) and dialect_of(connections[using]).rebuilds_tables:
        lift(using)


def install_after_migrations(using: str, **kwargs: Any) -> None:
    """All tables are there now: put up the guard."""
    if is_ours(using):
        install(using)


def is_ours(using: str) -> bool:
    """Whether the workflow tables live in this database."""
    return bool(router.allow_migrate_model(using, Operation))
