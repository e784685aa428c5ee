"""What databases word differently; everything else about the guard is the same for all."""

from abc import ABC, abstractmethod
from typing import Any

from .trigger import Standing, Trigger


class Dialect(ABC):
    """How one kind of database is told about triggers."""

    vendor: str
    #: Whether changing a table builds a new one, which a trigger that names it would prevent.
    rebuilds_tables: bool = False
    #: Whether INSERT OR REPLACE takes a row away without asking the triggers of DELETE.
    replaces_rows_unasked: bool = False
    #: Whether what a trigger writes may land in a session's temporary table of the same name.
    diverts_writes: bool = False
    #: Whether Django's flush deletes row by row, which the append-only tables refuse.
    flushes_row_by_row: bool = False

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    @abstractmethod
    def differs(self, one: str, other: str) -> str:
        """The condition that two expressions differ, NULL being a value like others."""

    def same(self, one: str, other: str) -> str:
        """The condition that two texts are equal, to the letter; neither is NULL."""
        return f"{one} = {other}"

    @abstractmethod
    def key_as_text(self, column: str, *, is_uuid: bool) -> str:
        """The expression that renders a key as Python's ``str(pk)`` does."""

    def json(self, text: str) -> str:
        """A JSON text as the value of a column."""
        return self.text(text)

    @abstractmethod
    def erased(self, column: str, keep: tuple[str, ...]) -> str:
        """The expression that leaves only these members of a JSON object, and ``erased``."""

    @abstractmethod
    def create(self, trigger: Trigger) -> list[str]:
        """The statements that make a trigger."""

    @abstractmethod
    def drop(self, name: str, table: str) -> list[str]:
        """The statements that remove it."""

    def drop_the_rest(self) -> list[str]:
        """The statements that remove what several triggers share, when none is left."""
        return []

    def drop_orphans(self) -> list[str]:
        """The statements that remove what a dropped table has left of its triggers."""
        return []

    @abstractmethod
    def standing(self) -> list[Standing]:
        """The guard's triggers in the database."""

    @abstractmethod
    def columns_of(self, table: str) -> set[str]:
        """The columns a table has; none if it is not there."""

    def table(self, name: str) -> str:
        """A table as trigger bodies name it."""
        return self.quoted(name)

    def written(self, name: str) -> str:
        """A table as trigger bodies name it where they change it."""
        return self.table(name)

    def quoted(self, name: str) -> str:
        """A name in the database's quotes."""
        return str(self.connection.ops.quote_name(name))

    def text(self, value: str) -> str:
        """A text in SQL quotes."""
        return "'" + value.replace("'", "''") + "'"

    def run(self, statements: list[str]) -> None:
        """Execute statements as they are."""
        with self.connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def rows(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        with self.connection.cursor() as cursor:
            cursor.execute(query, parameters or None)
            return list(cursor.fetchall())
