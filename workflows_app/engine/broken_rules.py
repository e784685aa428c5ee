"""Broken rules: which rule of which model an IntegrityError is about, in each database's words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import IntegrityError
from django.db.models import Model


@dataclass(frozen=True)
class Broken:
    """A rule of a model that a row breaks: by the constraint's name, by its fields, or both."""

    model: type[Model]
    name: str = ""
    fields: tuple[Any, ...] = ()
    null: bool = False


def broken_rule(
    error: IntegrityError, connection: Any, written: type[Model] | None
) -> Broken | None:
    """The rule that the database names; None for what is no rule of a model, such as the guard.

    ``written`` is the model of the object in hand.
    """
    # A row that exists under a chosen key is told of by an error of ours, round the database's.
    while isinstance(error.__cause__, IntegrityError):
        error = error.__cause__
    if connection.vendor == "postgresql":
        return _on_postgresql(error, written, connection)
    if connection.vendor == "mysql":
        return _on_mariadb(error, written, connection)
    return _on_sqlite(str(error), written, connection)


def is_broken_reference(error: Exception, connection: Any) -> bool:
    """Whether a foreign key of the project's tables points at nothing; ours are our own matter."""
    if connection.vendor == "postgresql":
        table = getattr(getattr(error.__cause__, "diag", None), "table_name", None) or ""
        is_one = getattr(error.__cause__, "sqlstate", None) == _FOREIGN_KEY_ON_POSTGRESQL
        return is_one and not table.startswith(_OUR_TABLES)
    if connection.vendor == "mysql":
        number, text = (*error.args, "")[:2]
        return number in _FOREIGN_KEYS_ON_MARIADB and f"`{_OUR_TABLES}" not in str(text)
    return str(error) == "FOREIGN KEY constraint failed"


_FOREIGN_KEY_ON_POSTGRESQL = "23503"
_FOREIGN_KEYS_ON_MARIADB = (1451, 1452)
_OUR_TABLES = "workflows_app_"


def _on_postgresql(
    error: IntegrityError, written: type[Model] | None, connection: Any
) -> Broken | None:
    diagnosis: Any = getattr(error.__cause__, "diag", None)
    model = _model_of(getattr(diagnosis, "table_name", None), written)
    if model is None:
        return None
    if diagnosis.column_name:
        return Broken(model, fields=_fields(model, [diagnosis.column_name]), null=True)
    return _in_table(model, diagnosis.constraint_name or "", connection)


def _on_mariadb(
    error: IntegrityError, written: type[Model] | None, connection: Any
) -> Broken | None:
    """A key is told without its table: one that is no constraint of a model is the object's own."""
    told = _MARIADB.match(str(error.args[-1]))
    if told is None:
        return None
    column, key, check = told.groups()
    if column:
        fields = _fields(written, [column]) if written else ()
        return Broken(written, fields=fields, null=True) if written and fields else None
    known = _by_name(key or check, written)
    return known or (_in_table(written, key or check, connection) if written else None)


#: A column that must not be null, a key that is there already, a CHECK that failed.
_MARIADB = re.compile(
    r"Column '(.+)' cannot be null|Duplicate entry '.*' for key '(.+)'|CONSTRAINT `(.+?)` failed",
    re.DOTALL,
)


def _on_sqlite(text: str, written: type[Model] | None, connection: Any) -> Broken | None:
    rule, _, told = text.partition(" constraint failed: ")
    if rule == "CHECK":
        return _by_name(told, written) or _by_check(told, written, connection)
    if told.startswith("index '"):
        return _by_name(told.removeprefix("index '").removesuffix("'"), written)
    return _by_columns(told, written, null=rule == "NOT NULL")


def _by_columns(text: str, written: type[Model] | None, *, null: bool) -> Broken | None:
    """``table.column, table.other``"""
    table = text.partition(".")[0]
    model = _model_of(table, written)
    if model is None:
        return None
    columns = [part.removeprefix(f"{table}.") for part in text.split(", ")]
    return Broken(model, fields=_fields(model, columns), null=null)


def _by_name(name: str, written: type[Model] | None) -> Broken | None:
    """Names of constraints are unique among all models: Django checks it."""
    for model in _models(written):
        if any(constraint.name == name for constraint in model._meta.constraints):
            return Broken(model, name)
    return None


def _by_check(condition: str, written: type[Model] | None, connection: Any) -> Broken | None:
    """The CHECK of a column has no name and no table there: its condition is told, or only the
    column with which that begins.
    """
    fields = () if written is None else written._meta.local_concrete_fields
    checked = [field for field in fields if field.db_check(connection)]
    found = tuple(f for f in checked if condition in (f.column, f.db_check(connection)))
    return Broken(written, fields=found) if written and found else None


def _in_table(model: type[Model], name: str, connection: Any) -> Broken | None:
    """The constraint as the table has it; None for what is none, such as a trigger's own name."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table).get(name)
    if found is None or found["foreign_key"]:
        return None
    return Broken(model, name, _fields(model, [c for c in found["columns"] or () if c]))


def _model_of(table: str | None, written: type[Model] | None) -> type[Model] | None:
    return next((model for model in _models(written) if model._meta.db_table == table), None)


def _models(written: type[Model] | None) -> Iterator[type[Model]]:
    """The model in hand first: where another one shares its table, it is the one to speak of."""
    if written is not None:
        yield written
    yield from (model for model in apps.get_models() if not model._meta.proxy)


def _fields(model: type[Model], columns: list[str]) -> tuple[Any, ...]:
    by_column = {field.column: field for field in model._meta.local_concrete_fields}
    return tuple(by_column[column] for column in columns if column in by_column)
