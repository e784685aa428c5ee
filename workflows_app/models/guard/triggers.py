"""Which triggers the contracts ask for, in words every database shares."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Model, UUIDField

from workflows_app.contract.registry import Contract, contracts_of, first_contracts
from workflows_app.models.operation import Operation

from .dialect import Dialect
from .records import record_triggers
from .trigger import ALWAYS, EXECUTE, Refusal, Trigger


def wanted_triggers(dialect: Dialect) -> dict[str, Trigger]:
    """Every trigger this database should have, by name; of tables that are there."""
    if not dialect.columns_of(Operation._meta.db_table):
        return {}
    return {trigger.name: trigger for trigger in _all(dialect)}


def _all(dialect: Dialect) -> Iterator[Trigger]:
    yield from record_triggers(dialect)
    for contract in first_contracts():
        guarded = Guarded(contract.model, dialect)
        if guarded.is_there():
            yield guarded.update()
            yield guarded.insert()


class Guarded:
    """The table of one model, and what its contracts refuse there."""

    def __init__(self, model: type[Model], dialect: Dialect) -> None:
        self.contracts, self.dialect = contracts_of(model), dialect
        self.contract = self.contracts[0]
        meta: Any = model._meta
        self.table: str = meta.db_table
        self.pk: str = meta.pk.column
        self.key_is_uuid = _is_uuid(meta.pk)
        self.states: dict[str, str] = {
            one.field: meta.get_field(one.field).column for one in self.contracts
        }
        self.version: str = meta.get_field("version").column
        self.watched = (self.pk, *(meta.get_field(name).column for name in self.contract.protected))

    def is_there(self) -> bool:
        """Whether the table is there with every column that is watched."""
        return set(self.watched) <= self.dialect.columns_of(self.table)

    def update(self) -> Trigger:
        """A change of any protected column is the next version, and has its operation."""
        names = ", ".join(self.contract.protected)
        key_changed = Refusal(
            self._changes(self.pk),
            f"{self.table}: the key of a workflow object never changes, because its operations name"
            " it. Make a new object instead.",
        )
        no_operation = Refusal(
            f"{self._new(self.version)} <> {self._old(self.version)} + 1"
            f" OR NOT {self._operation_of_this_change()}",
            f"{self.table}: {names} change only with the operation of a command. {EXECUTE}",
        )
        watch = " OR ".join(self._changes(column) for column in self.watched)
        return Trigger(self.table, "update", watch, (key_changed, no_operation))

    def insert(self) -> Trigger:
        """A new row is where an object may begin, at version 0, and nothing happened to it yet."""
        elsewhere = " OR ".join(f"NOT ({self._begins(contract)})" for contract in self.contracts)
        later = Refusal(
            f"{elsewhere} OR {self._new(self.version)} <> 0",
            f"{self.table}: a new row begins in {self._beginnings()} at version 0,"
            f" whatever writes it. Insert it so, then move it. {EXECUTE}",
        )
        known = Refusal(
            self._exists(),
            f"{self.table}: this key has operations already, so the row would inherit another"
            " object's past. Insert it under a new key.",
        )
        return Trigger(self.table, "insert", ALWAYS, (later, known))

    def _begins(self, contract: Contract) -> str:
        """The condition that this state of a new row is one in which an object may begin."""
        column = self._new(self.states[contract.field])
        begin = contract.beginnings
        stored = [value for one in begin for value in contract.states.every_value(one)]
        return " OR ".join(self.dialect.same(column, self.dialect.text(value)) for value in stored)

    def _beginnings(self) -> str:
        """``'new'``, or of several workflows ``status 'new' and review_status 'open'``."""
        told = {one.field: " or ".join(map(repr, one.beginnings)) for one in self.contracts}
        if len(told) == 1:
            return told[self.contract.field]
        return " and ".join(f"{field} {states}" for field, states in told.items())

    def _operation_of_this_change(self) -> str:
        """The condition that the next version's operation is about this change of one state.

        The other states of the object, which have operations of their own, stay.
        """
        changes = [self._operation_of(field) for field in self.states]
        return changes[0] if len(changes) == 1 else f"({' OR '.join(changes)})"

    def _operation_of(self, field: str) -> str:
        state = self.states[field]
        others = [column for column in self.states.values() if column != state]
        covered = self._exists(
            f"o.version = {self._new(self.version)}",
            f"o.field = {self.dialect.text(field)}",
            self.dialect.same("o.source", self._old(state)),
            self.dialect.same("o.target", self._new(state)),
        )
        return " AND ".join([covered, *(f"NOT ({self._changes(column)})" for column in others)])

    def _exists(self, *conditions: str) -> str:
        key = self.dialect.key_as_text(self._new(self.pk), is_uuid=self.key_is_uuid)
        mine = (
            f"o.object_type = {self.dialect.text(self.contract.object_type)}",
            f"o.object_id = {key}",
        )
        table = self.dialect.table(Operation._meta.db_table)
        where = " AND ".join(mine + conditions)
        return f"EXISTS (SELECT 1 FROM {table} o WHERE {where})"

    def _changes(self, column: str) -> str:
        return self.dialect.differs(self._new(column), self._old(column))

    def _new(self, column: str) -> str:
        return f"NEW.{self.dialect.quoted(column)}"

    def _old(self, column: str) -> str:
        return f"OLD.{self.dialect.quoted(column)}"


def _is_uuid(key: Any) -> bool:
    while key.remote_field is not None:
        key = key.target_field
    return isinstance(key, UUIDField)
