"""The guard's triggers on MariaDB."""

from workflows_app.models.effect_run import EffectRun
from workflows_app.models.event import Event
from workflows_app.models.operation import Operation
from workflows_app.models.tombstone import Tombstone

from .dialect import Dialect
from .trigger import PREFIX, Refusal, Standing, Trigger

#: ER_CONSTRAINT_FAILED: Django makes an IntegrityError of it.
ERRNO = 4025
LONGEST_MESSAGE = 500

#: A trigger uses a session's temporary table before the real one; a view knows only real ones.
VIEWS: dict[str, tuple[str, str]] = {
    Operation._meta.db_table: (
        f"{PREFIX}operations",
        "id, object_type, object_id, version, field, source, target, actor, actor_label, reason,"
        " data, `key`, fingerprint",
    ),
    Event._meta.db_table: (f"{PREFIX}events", "id, operation_id, data"),
    EffectRun._meta.db_table: (
        f"{PREFIX}runs",
        "object_type, object_id, version, state, follow_up, contradiction",
    ),
    Tombstone._meta.db_table: (
        f"{PREFIX}tombstones",
        "kind, object_type, object_id, version, whose, last_operation",
    ),
}

STANDING = """
    SELECT trigger_name, event_object_table, action_statement
    FROM information_schema.triggers WHERE trigger_schema = DATABASE()
"""

READABLE = "SELECT table_name FROM information_schema.views WHERE table_schema = DATABASE()"

COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name = %s
"""


class MariaDB(Dialect):
    """SIGNAL in the trigger itself. Texts are compared byte by byte: collations ignore case."""

    vendor = "mysql"
    diverts_writes = True
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
        return self.quoted(VIEWS[name][0])

    def written(self, name: str) -> str:
        # Not through the view: where a temporary table has its name, 10.11 ends with signal 6.
        return self.quoted(name)

    def erased(self, column: str, keep: tuple[str, ...]) -> str:
        kept = ", ".join(f"'{name}', JSON_EXTRACT({column}, '$.{name}')" for name in keep)
        # A merge patch leaves out what is null.
        return f"JSON_MERGE_PATCH('{{}}', JSON_OBJECT('erased', JSON_EXTRACT('true', '$'), {kept}))"

    def create(self, trigger: Trigger) -> list[str]:
        return [
            *self._what_it_uses(trigger),
            f"CREATE OR REPLACE TRIGGER {self.quoted(trigger.name)}"
            f" AFTER {trigger.event.upper()} ON {self.quoted(trigger.table)}"
            f" FOR EACH ROW BEGIN IF {trigger.watch} THEN {self._body(trigger)} END IF; END",
        ]

    def drop(self, name: str, table: str) -> list[str]:
        return [f"DROP TRIGGER IF EXISTS {self.quoted(name)}"]

    def drop_the_rest(self) -> list[str]:
        return [f"DROP VIEW IF EXISTS {self.quoted(view)}" for view, _ in VIEWS.values()]

    def standing(self) -> list[Standing]:
        views = {name for (name,) in self.rows(READABLE)}
        return [
            Standing(name, table, self._views_in(body) <= views)
            for name, table, body in self.rows(STANDING)
            if name.startswith(PREFIX)
        ]

    def columns_of(self, table: str) -> set[str]:
        return {name for (name,) in self.rows(COLUMNS, table)}

    def text(self, value: str) -> str:
        return super().text(value.replace("\\", "\\\\"))

    def _exact(self, expression: str) -> str:
        return f"BINARY CONVERT({expression} USING utf8mb4)"

    def _what_it_uses(self, trigger: Trigger) -> list[str]:
        used = self._views_in(self._body(trigger))
        return [
            f"CREATE OR REPLACE SQL SECURITY INVOKER VIEW {self.quoted(view)} AS"
            f" {_read(columns, self.quoted(table))}"
            for table, (view, columns) in VIEWS.items()
            if view in used
        ]

    def _views_in(self, body: str) -> set[str]:
        return {view for view, _ in VIEWS.values() if self.quoted(view) in body}

    def _body(self, trigger: Trigger) -> str:
        steps = (*trigger.refusals, *trigger.then)
        return " ".join(
            self._refusal(trigger, one) if isinstance(one, Refusal) else f"{one};" for one in steps
        )

    def _refusal(self, trigger: Trigger, refusal: Refusal) -> str:
        signal = f"SIGNAL SQLSTATE '23000' SET MYSQL_ERRNO = {ERRNO}, CONSTRAINT_NAME ="
        return (
            f"IF {refusal.condition} THEN {signal} {self.text(trigger.name)},"
            f" TABLE_NAME = {self.text(trigger.table)},"
            f" MESSAGE_TEXT = {self.text(refusal.message[:LONGEST_MESSAGE])}; END IF;"
        )


def _read(columns: str, table: str) -> str:
    return f"SELECT {columns} FROM {table}"
