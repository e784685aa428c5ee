"""The guard's triggers on MariaDB."""

from workflows_app.models.operation import Operation

from .dialect import Dialect
from .trigger import PREFIX, Standing, Trigger

#: ER_CONSTRAINT_FAILED: Django makes an IntegrityError of it.
ERRNO = 4025
LONGEST_MESSAGE = 500

#: A trigger reads a session's temporary table before the real one; a view reads only real ones.
VIEW = f"{PREFIX}operations"
READ = "SELECT object_type, object_id, version, field, source, target"

STANDING = """
    SELECT trigger_name, event_object_table, EXISTS (
        SELECT 1 FROM information_schema.views
        WHERE table_schema = DATABASE() AND table_name = %s
    )
    FROM information_schema.triggers WHERE trigger_schema = DATABASE()
"""

COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = %s
"""


class MariaDB(Dialect):
    """SIGNAL in the trigger itself. Texts are compared byte by byte: collations ignore case."""

    vendor = "mysql"
    flushes_row_by_row = True

    def differs(self, one: str, other: str) -> str:
        return f"NOT ({self._exact(one)} <=> {self._exact(other)})"

    def same(self, one: str, other: str) -> str:
        return f"{self._exact(one)} = {self._exact(other)}"

    def key_as_text(self, column: str, *, is_uuid: bool) -> str:
        # In the collation of object_id, so that its index serves the look-up.
        return (
            f"CONVERT({self._rendered(column, is_uuid=is_uuid)} USING utf8mb4) COLLATE utf8mb4_bin"
        )

    def _rendered(self, column: str, *, is_uuid: bool) -> str:
        if not is_uuid or self.connection.features.has_native_uuid_field:
            return column
        groups = [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)]
        parts = ", ".join(f"SUBSTR({column}, {start}, {size})" for start, size in groups)
        return f"CONCAT_WS('-', {parts})"

    def table(self, name: str) -> str:
        return self.quoted(VIEW)

    def create(self, trigger: Trigger) -> list[str]:
        return [
            *self._what_it_reads(trigger),
            f"CREATE OR REPLACE TRIGGER {self.quoted(trigger.name)}"
            f" AFTER {trigger.event.upper()} ON {self.quoted(trigger.table)}"
            f" FOR EACH ROW BEGIN IF {trigger.watch} THEN {self._refusals(trigger)} END IF; END",
        ]

    def drop(self, name: str, table: str) -> list[str]:
        return [f"DROP TRIGGER IF EXISTS {self.quoted(name)}"]

    def drop_the_rest(self) -> list[str]:
        return [f"DROP VIEW IF EXISTS {self.quoted(VIEW)}"]

    def standing(self) -> list[Standing]:
        found = self.rows(STANDING, VIEW)
        return [
            Standing(name, table, bool(readable))
            for name, table, readable in found
            if name.startswith(PREFIX)
        ]

    def columns_of(self, table: str) -> set[str]:
        return {name for (name,) in self.rows(COLUMNS, table)}

    def text(self, value: str) -> str:
        return super().text(value.replace("\\", "\\\\"))

    def _exact(self, expression: str) -> str:
        return f"BINARY CONVERT({expression} USING utf8mb4)"

    def _what_it_reads(self, trigger: Trigger) -> list[str]:
        view = self.quoted(VIEW)
        if not any(view in refusal.condition for refusal in trigger.refusals):
            return []
        operations = self.quoted(Operation._meta.db_table)
        return [f"CREATE OR REPLACE SQL SECURITY INVOKER VIEW {view} AS {READ} FROM {operations}"]

    def _refusals(self, trigger: Trigger) -> str:
        signal = f"SIGNAL SQLSTATE '23000' SET MYSQL_ERRNO = {ERRNO}, CONSTRAINT_NAME ="
        return " ".join(
            f"IF {refusal.condition} THEN {signal} {self.text(trigger.name)},"
            f" TABLE_NAME = {self.text(trigger.table)},"
            f" MESSAGE_TEXT = {self.text(refusal.message[:LONGEST_MESSAGE])}; END IF;"
            for refusal in trigger.refusals
        )
