"""The guard's triggers on PostgreSQL."""

from .dialect import Dialect
from .trigger import PREFIX, Standing, Trigger

#: check_violation: Django makes an IntegrityError of it.
ERRCODE = "23514"

STANDING = """
    SELECT t.tgname, c.relname, t.tgenabled <> 'D'
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND pg_table_is_visible(c.oid)
"""

ORPHANS = """
    SELECT p.proname FROM pg_proc p
    WHERE p.prorettype = 'trigger'::regtype AND pg_function_is_visible(p.oid)
        AND NOT EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgfoid = p.oid)
"""

SCHEMA = """
    SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = to_regclass(%s)
"""

COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped
"""


class PostgreSQL(Dialect):
    """A function per trigger. Neither a column list nor WHEN: they would forbid ALTER TYPE."""

    vendor = "postgresql"

    def differs(self, one: str, other: str) -> str:
        return f"{one} IS DISTINCT FROM {other}"

    def key_as_text(self, column: str, *, is_uuid: bool) -> str:
        return f"{column}::text"

    def table(self, name: str) -> str:
        # With its schema: otherwise a search_path or a temporary table decides what is read.
        (schema,) = self.rows(SCHEMA, self.quoted(name))[0]
        return f"{self.quoted(schema)}.{self.quoted(name)}"

    def json(self, text: str) -> str:
        return f"{self.text(text)}::jsonb"

    def erased(self, column: str, keep: tuple[str, ...]) -> str:
        kept = ", ".join(f"'{name}', {column} -> '{name}'" for name in keep)
        return f"jsonb_strip_nulls(jsonb_build_object('erased', true, {kept}))"

    def create(self, trigger: Trigger) -> list[str]:
        name = self.quoted(trigger.name)
        return [
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS"
            f" $guard$ BEGIN IF {trigger.watch} THEN {self._refusals(trigger)}"
            f" {' '.join(f'{one};' for one in trigger.then)} END IF;"
            " RETURN NULL; END $guard$",
            f"CREATE TRIGGER {name} AFTER {trigger.event.upper()} ON {self.quoted(trigger.table)}"
            f" FOR EACH ROW EXECUTE FUNCTION {name}()",
        ]

    def drop(self, name: str, table: str) -> list[str]:
        return [
            f"DROP TRIGGER IF EXISTS {self.quoted(name)} ON {self.quoted(table)}",
            f"DROP FUNCTION IF EXISTS {self.quoted(name)}()",
        ]

    def drop_orphans(self) -> list[str]:
        names = [name for (name,) in self.rows(ORPHANS) if name.startswith(PREFIX)]
        return [f"DROP FUNCTION IF EXISTS {self.quoted(name)}()" for name in names]

    def standing(self) -> list[Standing]:
        found = [Standing(*row) for row in self.rows(STANDING)]
        return [one for one in found if one.name.startswith(PREFIX)]

    def columns_of(self, table: str) -> set[str]:
        found = self.rows(COLUMNS, self.quoted(table))
        return {name for (name,) in found}

    def _refusals(self, trigger: Trigger) -> str:
        return " ".join(
            f"IF {refusal.condition} THEN RAISE EXCEPTION USING ERRCODE = '{ERRCODE}',"
            f" CONSTRAINT = {self.text(trigger.name)}, TABLE = TG_TABLE_NAME,"
            f" MESSAGE = {self.text(refusal.message)}; END IF;"
            for refusal in trigger.refusals
        )
