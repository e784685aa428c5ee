"""The trigger of the tombstone, whose insert is the removal, and what it makes others allow."""

from workflows_app.models.effect_run import OPEN, EffectRun, FollowUp, RunState
from workflows_app.models.event import Event
from workflows_app.models.operation import Operation
from workflows_app.models.tombstone import ERASED, Removal, Tombstone

from .dialect import Dialect
from .trigger import ALWAYS, Refusal, Trigger

NOTHING = '{"erased": true}'
#: What an event says of the machinery, and never of a person.
KEPT_OF_EVENT = (
    "attempt", "fence", "outcome", "next_attempt_at", "next_at", "happened", "was", "as", "by",
    "late", "asked_at", "of", "question", "counts", "state",
)  # fmt: skip
MAY_CHANGE = {"data", "reason", "key", "fingerprint", "actor_label"}


class Removed:
    """What tombstones cover: the moment one exists, nothing that it covers is left to remove.

    So one that was written earlier authorises nothing later, and no transaction has to be known.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.table = Tombstone._meta.db_table
        self.there = bool(dialect.columns_of(self.table))

    def is_there(self) -> bool:
        """Whether there is a table of tombstones."""
        return self.there

    def operation(self, event: str) -> str | None:
        """The condition that a tombstone covers this update or deletion of an operation."""
        if not self.there:
            return None
        of_object = (
            "t.object_type = OLD.object_type",
            "t.object_id = OLD.object_id",
            "t.version >= OLD.version",
        )
        if event == "delete":
            return self._exists(Tombstone, "t", _kind("t", Removal.PRUNE), *of_object)
        erased = self._exists(Tombstone, "t", _kind("t", Removal.ERASE), *of_object)
        unnamed = self._exists(
            Tombstone, "t", _kind("t", Removal.ERASE),
            "t.whose = OLD.actor", "t.last_operation >= OLD.id",
        )  # fmt: skip
        label = f"NEW.actor_label = {self.dialect.text(ERASED)}"
        same_label = self._unchanged("actor_label")
        return (
            f"{self._all_but(Operation, MAY_CHANGE)} AND ("
            f"({same_label} AND {self._says_nothing()} AND {erased})"
            f" OR ({label} AND {self._unchanged(*(MAY_CHANGE - {'actor_label'}))} AND {unnamed}))"
        )

    def event(self, event: str) -> str | None:
        """The same of an event, which goes with its operation."""
        if not self.there:
            return None
        kind = Removal.PRUNE if event == "delete" else Removal.ERASE
        of_operation = self._exists(
            Operation, "o", "o.id = OLD.operation_id",
            self._exists(
                Tombstone, "t", _kind("t", kind), "t.object_type = o.object_type",
                "t.object_id = o.object_id", "t.version >= o.version",
            ),
        )  # fmt: skip
        if event == "delete":
            return of_operation
        form = self.dialect.same("NEW.data", self.dialect.erased("OLD.data", KEPT_OF_EVENT))
        return f"{self._all_but(Event, {'data'})} AND {form} AND {of_operation}"

    def trigger(self) -> Trigger:
        """A tombstone says everything it has to, covers only what is past, and removes it."""
        return Trigger(
            self.table, "insert", ALWAYS, tuple(self._refusals()), then=tuple(self._removal())
        )

    def _refusals(self) -> list[Refusal]:
        version = f"EXISTS (SELECT 1 FROM {self._table(Operation)} o WHERE {_OF_NEW} AND o.version"
        named = f"EXISTS (SELECT 1 FROM {self._table(Operation)} o WHERE o.id = NEW.last_operation)"
        prune, erase = _kind("NEW", Removal.PRUNE), _kind("NEW", Removal.ERASE)
        return [
            Refusal(
                f"NEW.actor = '' OR TRIM(NEW.reason) = '' OR NOT ({prune} OR {erase})"
                f" OR (NEW.version IS NULL) = (NEW.whose = '') OR ({prune} AND NEW.whose <> '')",
                f"{self.table}: a tombstone says who removes what, and why: actor, reason, kind,"
                f" and either an object up to a version or whose name. {_INSTEAD}",
            ),
            Refusal(
                f"({prune} AND NOT {version} > NEW.version))"
                f" OR ({erase} AND NEW.version IS NOT NULL AND NOT {version} >= NEW.version))"
                f" OR (NEW.whose <> '' AND NOT {named})",
                f"{self.table}: a tombstone covers what is past, and the last operation of an"
                f" object is never removed. {_INSTEAD}",
            ),
            Refusal(
                f"EXISTS (SELECT 1 FROM {self._table(EffectRun)} WHERE {_COVERED}"
                f" AND ({_UNRESOLVED}))",
                f"{self.table}: something is still to be done or decided for what this tombstone"
                f" covers. Wait until it is done, or resolve or skip it. {_INSTEAD}",
            ),
            Refusal(
                " OR ".join(f"NEW.{what} <> {found}" for what, found in self._found().items()),
                f"{self.table}: a tombstone says how many operations, events and runs it covers,"
                f" and these numbers are not what is there. {_INSTEAD}",
            ),
        ]

    def _found(self) -> dict[str, str]:
        operations = f"(SELECT COUNT(*) FROM {self._table(Operation)} WHERE {_COVERED} OR {_NAMED})"
        return {
            "operations": operations,
            "events": f"(SELECT COUNT(*) FROM {self._table(Event)} WHERE {self._of_covered()})",
            "runs": f"(SELECT COUNT(*) FROM {self._table(EffectRun)} WHERE {_COVERED})",
        }

    def _removal(self) -> list[str | Refusal]:
        operations, events = self._written(Operation), self._written(Event)
        prune, erase = _kind("NEW", Removal.PRUNE), _kind("NEW", Removal.ERASE)
        key, nothing = self.dialect.quoted("key"), self.dialect.json(NOTHING)
        forgotten = self.dialect.erased("data", KEPT_OF_EVENT)
        same_as_forgotten = self.dialect.same("data", forgotten)
        erased = self.dialect.text(ERASED)
        return [
            f"DELETE FROM {events} WHERE {prune} AND {self._of_covered()}",
            f"DELETE FROM {self._written(EffectRun)} WHERE {prune} AND {_COVERED}",
            f"UPDATE {events} SET data = {forgotten} WHERE {erase} AND {self._of_covered()}",
            *self._nothing_left_of(
                self._is_left(Event, prune, self._of_covered()),
                self._is_left(EffectRun, prune, _COVERED),
                self._is_left(Event, erase, self._of_covered(), f"NOT ({same_as_forgotten})"),
            ),
            f"DELETE FROM {operations} WHERE {prune} AND {_COVERED}",
            f"UPDATE {operations} SET data = {nothing}, {key} = NULL, fingerprint = '',"
            f" reason = CASE WHEN reason = '' THEN '' ELSE {erased} END"
            f" WHERE {erase} AND {_COVERED}",
            f"UPDATE {operations} SET actor_label = {erased} WHERE {erase} AND {_NAMED}",
            *self._nothing_left_of(
                self._is_left(Operation, prune, _COVERED),
                self._is_left(
                    Operation, erase, _COVERED,
                    f"(NOT ({self.dialect.same('data', nothing)}) OR {key} IS NOT NULL)",
                ),
                self._is_left(
                    Operation, erase, _NAMED, f"NOT ({self.dialect.same('actor_label', erased)})"
                ),
            ),
        ]  # fmt: skip

    def _nothing_left_of(self, *left: str) -> list[Refusal]:
        """Read back, where a temporary table could have been changed instead of the table."""
        if not self.dialect.diverts_writes:
            return []
        return [
            Refusal(
                " OR ".join(left),
                f"{self.table}: what this tombstone covers was not removed, because something in"
                f" this session stands in for our tables. {_INSTEAD}",
            )
        ]

    def _is_left(self, model: type[Operation | Event | EffectRun], *conditions: str) -> str:
        where = " AND ".join(conditions)
        return f"EXISTS (SELECT 1 FROM {self._table(model)} WHERE {where})"

    def _says_nothing(self) -> str:
        key, erased = self.dialect.quoted("key"), self.dialect.text(ERASED)
        return (
            f"{self.dialect.same('NEW.data', self.dialect.json(NOTHING))}"
            f" AND NEW.{key} IS NULL AND NEW.fingerprint = '' AND"
            f" NEW.reason = CASE WHEN OLD.reason = '' THEN '' ELSE {erased} END"
        )

    def _all_but(self, model: type[Operation | Event], names: set[str]) -> str:
        fields = model._meta.concrete_fields
        return self._unchanged(*(str(f.column) for f in fields if f.column not in names))

    def _unchanged(self, *columns: str) -> str:
        quoted = map(self.dialect.quoted, sorted(columns))
        return " AND ".join(f"NOT ({self.dialect.differs(f'NEW.{c}', f'OLD.{c}')})" for c in quoted)

    def _of_covered(self) -> str:
        return (
            f"operation_id IN (SELECT o.id FROM {self._table(Operation)} o WHERE {_OF_NEW}"
            " AND o.version <= NEW.version)"
        )

    def _exists(self, model: type[Operation | Tombstone], alias: str, *conditions: str) -> str:
        where = " AND ".join(conditions)
        return f"EXISTS (SELECT 1 FROM {self._table(model)} {alias} WHERE {where})"

    def _table(self, model: type[Operation | Event | EffectRun | Tombstone]) -> str:
        return self.dialect.table(model._meta.db_table)

    def _written(self, model: type[Operation | Event | EffectRun]) -> str:
        return self.dialect.written(model._meta.db_table)


def _kind(row: str, kind: Removal) -> str:
    return f"{row}.kind = '{kind.value}'"


def _listed(*values: str) -> str:
    return ", ".join(f"'{value}'" for value in values)


_INSTEAD = "Use manage.py workflow_prune or workflow_erase."
_OF_NEW = "o.object_type = NEW.object_type AND o.object_id = NEW.object_id"
_COVERED = (
    "(object_type = NEW.object_type AND object_id = NEW.object_id AND version <= NEW.version)"
)
_NAMED = "(actor = NEW.whose AND id <= NEW.last_operation)"
_UNRESOLVED = (
    f"state IN ({_listed(*(state.value for state in OPEN))})"
    f" OR follow_up IN ({_listed(FollowUp.PENDING.value, FollowUp.DEAD.value)})"
    f" OR (state = '{RunState.FAILED.value}' AND follow_up = '{FollowUp.NONE.value}')"
    " OR contradiction IS NOT NULL"
)
