"""Keeps the guard in step with migrations: receivers of pre_migrate and post_migrate."""

from typing import Any

from django.db import connections, router
from django.db.migrations import AlterField, RemoveField, RenameField

from workflows_app.contract.registry import contracts
from workflows_app.models.operation import Operation

from . import install, lift
from .dialects import dialect_of


def lift_before_migrations(using: str, plan: Any = (), **kwargs: Any) -> None:
    """Where tables are changed by rebuilding them, no trigger may name them meanwhile.

    Elsewhere no trigger may name a column that is about to be renamed or removed: it would refuse
    every update that follows in the same run.
    """
    if not plan or not is_ours(using):
        return
    if dialect_of(connections[using]).rebuilds_tables:
        lift(using)
    elif tables := _tables_to_lift(plan):
        lift(using, tables=tables)


def install_after_migrations(using: str, **kwargs: Any) -> None:
    """All tables are there now: put up the guard."""
    if is_ours(using):
        install(using)


def _tables_to_lift(plan: Any) -> set[str]:
    changed = {
        (migration.app_label, name)
        for migration, _ in plan
        for operation in migration.operations
        for name in _columns_touched(operation)
    }
    return {
        contract.model._meta.db_table
        for contract in contracts()
        for name in (contract.model._meta.pk.name, *contract.protected)
        if (contract.model._meta.app_label, name) in changed
    }


def _columns_touched(operation: Any) -> tuple[str, ...]:
    if isinstance(operation, RenameField):
        return (operation.old_name, operation.new_name)
    if isinstance(operation, AlterField | RemoveField):
        return (operation.name,)
    return ()


def is_ours(using: str) -> bool:
    """Whether the workflow tables live in this database."""
    return bool(router.allow_migrate_model(using, Operation))
