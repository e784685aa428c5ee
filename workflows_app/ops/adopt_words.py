"""What databases word differently in an adoption: an id made in SQL, a moment as JSON."""

from abc import ABC, abstractmethod
from typing import Any

from django.conf import settings
from django.db import NotSupportedError, models


class Words(ABC):
    """How one kind of database says it."""

    insert = "INSERT INTO"
    unless_written_meanwhile = "ON CONFLICT DO NOTHING"

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    @abstractmethod
    def new_id(self, milliseconds: int) -> str:
        """A UUID version 7 of this time, another one for every row."""

    @abstractmethod
    def since(self, column: str, field: Any) -> str:
        """``{"since": <the moment>}``, or ``{}`` where there is none."""

    def with_states(self, data: str, columns: dict[str, str]) -> str:
        """That, and ``{"states": {<field>: <the value of its column>}}``."""
        pairs = ", ".join(f"'{field}', {column}" for field, column in columns.items())
        known = data or "'{}'"
        return f"JSON_INSERT({known}, '$.states', JSON_OBJECT({pairs}))"


class PostgreSQL(Words):
    """JSON of a moment says its time zone."""

    def new_id(self, milliseconds: int) -> str:
        time = f"{milliseconds:012x}"
        # What follows the version in a random UUID is variant and chance.
        return f"('{time[:8]}-{time[8:]}-7' || SUBSTR(GEN_RANDOM_UUID()::text, 16))::uuid"

    def since(self, column: str, field: Any) -> str:
        told = f"JSONB_BUILD_OBJECT('since', {column})"
        return f"CASE WHEN {column} IS NULL THEN '{{}}'::jsonb ELSE {told} END"

    def with_states(self, data: str, columns: dict[str, str]) -> str:
        pairs = ", ".join(f"'{field}', {column}" for field, column in columns.items())
        known = f"({data})" if data else "'{}'::jsonb"
        return f"{known} || JSONB_BUILD_OBJECT('states', JSONB_BUILD_OBJECT({pairs}))"


class SQLite(Words):
    """A UUID is 32 hex digits, a moment is a text in UTC."""

    def new_id(self, milliseconds: int) -> str:
        chance = "LOWER(HEX(RANDOMBLOB(2))), 1, 3", "LOWER(HEX(RANDOMBLOB(8))), 1, 15"
        variant = "SUBSTR('89ab', 1 + ABS(RANDOM()) % 4, 1)"
        return (
            f"'{milliseconds:012x}7' || SUBSTR({chance[0]}) || {variant} || SUBSTR({chance[1]})"
        ).replace("%", "%%")

    def since(self, column: str, field: Any) -> str:
        moment = column
        if isinstance(field, models.DateTimeField):
            zone = " || '+00:00'" if settings.USE_TZ else ""
            moment = f"REPLACE({column}, ' ', 'T'){zone}"
        told = f"JSON_OBJECT('since', {moment})"
        return f"CASE WHEN {column} IS NULL THEN '{{}}' ELSE {told} END"


class MariaDB(Words):
    """A UUID is 32 hex digits before 10.7, a moment is in UTC and does not say so."""

    insert = "INSERT IGNORE INTO"
    unless_written_meanwhile = ""

    def new_id(self, milliseconds: int) -> str:
        time = f"{milliseconds:012x}"
        chance = "SUBSTR(MD5(RAND()), 1, 3)", "SUBSTR(MD5(RAND()), 1, 12)"
        variant = "ELT(1 + FLOOR(RAND() * 4), '8', '9', 'a', 'b')"
        native = self.connection.features.has_native_uuid_field
        start, dash = (f"{time[:8]}-{time[8:]}-", "'-'") if native else (time, "''")
        parts = f"'{start}7'", chance[0], dash, variant, chance[0], dash, chance[1]
        return f"CONCAT({', '.join(parts)})"

    def since(self, column: str, field: Any) -> str:
        moment = column
        if isinstance(field, models.DateTimeField):
            zone = "+00:00" if settings.USE_TZ else ""
            moment = f"DATE_FORMAT({column}, '%%Y-%%m-%%dT%%H:%%i:%%s.%%f{zone}')"
        told = f"JSON_OBJECT('since', {moment})"
        return f"CASE WHEN {column} IS NULL THEN '{{}}' ELSE {told} END"


_KNOWN: dict[str, type[Words]] = {"postgresql": PostgreSQL, "sqlite": SQLite, "mysql": MariaDB}


def words_of(connection: Any) -> Words:
    """The words of a connection. Raises NotSupportedError for a database that is not known."""
    try:
        return _KNOWN[connection.vendor](connection)
    except KeyError:
        raise NotSupportedError(
            f"workflows_app cannot adopt rows in a {connection.vendor} database;"
            f" it knows {', '.join(sorted(_KNOWN))}."
        ) from None
