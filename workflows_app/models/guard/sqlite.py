"""The guard's triggers on SQLite."""

from .dialect import Dialect
from .trigger import PREFIX, Standing, Trigger


class SQLite(Dialect):
    """RAISE(ABORT) in the trigger itself; keys of UUIDs are stored as 32 hex digits."""

    vendor = "sqlite"
    rebuilds_tables = True
    replaces_rows_unasked = True
    flushes_row_by_row = True

    def differs(self, one: str, other: str) -> str:
        return f"{one} IS NOT {other}"

    def key_as_text(self, column: str, *, is_uuid: bool) -> str:
        if not is_uuid:
            return f"CAST({column} AS TEXT)"
        groups = [(1, 8), (9, 4), (13, 4), (17, 4), (21, 12)]
        return " || '-' || ".join(f"SUBSTR({column}, {start}, {size})" for start, size in groups)

    def erased(self, column: str, keep: tuple[str, ...]) -> str:
        kept = ", ".join(f"'{name}', json_extract({column}, '$.{name}')" for name in keep)
        # A merge patch leaves out what is null.
        return f"json_patch('{{}}', json_object('erased', json('true'), {kept}))"

    def create(self, trigger: Trigger) -> list[str]:
        cases = " ".join(
            f"WHEN {refusal.condition} THEN RAISE(ABORT, {self.text(refusal.message)})"
            for refusal in trigger.refusals
        )
        return [
            f"CREATE TRIGGER {self.quoted(trigger.name)}"
            f" {trigger.moment.upper()} {trigger.event.upper()} ON {self.quoted(trigger.table)}"
            f" FOR EACH ROW WHEN {trigger.watch}"
            f" BEGIN SELECT CASE {cases} END; {' '.join(f'{one};' for one in trigger.then)} END"
        ]

    def drop(self, name: str, table: str) -> list[str]:
        return [f"DROP TRIGGER IF EXISTS {self.quoted(name)}"]

    def standing(self) -> list[Standing]:
        found = self.rows("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'")
        return [Standing(name, table) for name, table in found if name.startswith(PREFIX)]

    def columns_of(self, table: str) -> set[str]:
        # Django's introspection parses the table's SQL, too slow for a flush after every test.
        return {name for (name,) in self.rows("SELECT name FROM pragma_table_info(%s)", table)}
