"""Columns and indexes that mean the same on every database."""

from typing import Any

from django.db import models
from django.db.models import Q


class ExactField(models.CharField):  # type: ignore[type-arg]
    """A short text that equals only itself: MariaDB's usual collations ignore case."""

    def db_parameters(self, connection: Any) -> Any:
        """The column's type; on MariaDB with a collation that compares characters."""
        parameters = super().db_parameters(connection)
        if connection.vendor == "mysql":
            parameters["collation"] = "utf8mb4_bin"
        return parameters


class IndexOfSome(models.Index):
    """An index of the rows whose column has one value.

    Partial where the database can; on MariaDB an index of all rows that begins with that column.
    """

    def __init__(self, *, only: tuple[str, str], **arguments: Any) -> None:
        super().__init__(**arguments)
        self.only = only

    def deconstruct(self) -> Any:
        """For migrations."""
        path, expressions, arguments = super().deconstruct()
        return path, expressions, {**arguments, "only": self.only}

    def create_sql(
        self, model: type[models.Model], schema_editor: Any, using: str = "", **kwargs: Any
    ) -> Any:
        """The statement that creates it."""
        index = self._for(schema_editor.connection)
        return index.create_sql(model, schema_editor, using, **kwargs)

    def _for(self, connection: Any) -> models.Index:
        column, value = self.only
        if connection.features.supports_partial_indexes:
            return models.Index(fields=self.fields, name=self.name, condition=Q((column, value)))
        return models.Index(fields=(column, *self.fields), name=self.name)


class IndexOfGiven(models.Index):
    """An index of the rows that have a value in its column: most of ours have none.

    Partial where the database can; on MariaDB an index of all rows.
    """

    def create_sql(
        self, model: type[models.Model], schema_editor: Any, using: str = "", **kwargs: Any
    ) -> Any:
        """The statement that creates it."""
        (column,) = self.fields
        partial = schema_editor.connection.features.supports_partial_indexes
        given = Q((f"{column}__isnull", False)) if partial else None
        index = models.Index(fields=self.fields, name=self.name, condition=given)
        return index.create_sql(model, schema_editor, using, **kwargs)
