"""Adopting: rows that came another way get their operation 0, a batch in one statement."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import connections, models, router, transaction
from django.db.models import Q

from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import Contract, contract_of, contracts_of
from workflows_app.engine.idempotency import SYSTEM_ACTOR, actor_label
from workflows_app.engine.locking import lock_object, retrying
from workflows_app.engine.timers import keep_time
from workflows_app.models import Kind, Operation
from workflows_app.models.guard.dialects import dialect_of
from workflows_app.models.guard.triggers import Guarded

from .adopt_words import words_of


@dataclass(frozen=True)
class Progress:
    """How far an adoption has come: rows looked at, and operations written."""

    looked_at: int
    adopted: int


def adopt_all(
    model: type[models.Model], *, since: str | None = None, batch: int = 5000
) -> Iterator[Progress]:
    """Give every row of the model that has no operation its operation 0, as it stands.

    The rows themselves are not touched. ``since`` names the column that says since when a row is
    in its state; it is kept with the operation, and clocks count from it. Each batch is a
    transaction, so whatever stops this, the next call goes on; commands may run meanwhile. Clocks
    that should run and do not are started, also those of rows adopted before. Yields after every
    batch.
    """
    adoption = _Adoption(model, since)
    progress = Progress(0, 0)
    for keys in adoption.batches(batch):
        written = retrying(adoption.using, partial(adoption.adopt, keys))
        adoption.start_clocks(keys)
        progress = Progress(progress.looked_at + keys.rows, progress.adopted + written)
        yield progress


def states_of(model: type[models.Model], field: str = "") -> dict[str, int]:
    """How many rows stand in which state of a workflow, the first one if no field is said."""
    field = contract_of(model, field).field
    counted = model._base_manager.using(router.db_for_write(model)).values(field)
    return {row[field]: row["rows"] for row in counted.annotate(rows=models.Count("pk"))}


@dataclass(frozen=True)
class _Keys:
    """One batch: the keys after one (None: from the first on) up to another."""

    after: Any
    upto: Any
    rows: int


class _Adoption:
    """The statement for one model, and the walk over its keys."""

    def __init__(self, model: type[models.Model], since: str | None) -> None:
        self.contract: Contract = contract_of(model)
        self.model = self.contract.model
        self.using = router.db_for_write(self.model)
        self.rows = self.model._base_manager.using(self.using)
        self.connection = connections[self.using]
        self.words = words_of(self.connection)
        self.table = Guarded(self.model, dialect_of(self.connection))
        self.since: Any = None if since is None else self.model._meta.get_field(since)

    def batches(self, size: int) -> Iterator[_Keys]:
        """The keys of the table, so many rows at a time."""
        after = None
        while (keys := self._next_batch(after, size)).rows:
            yield keys
            after = keys.upto

    def adopt(self, keys: _Keys) -> int:
        """Write the operations of one batch; how many there were to write."""
        statement, parameters = self._statement(keys)
        with transaction.atomic(using=self.using), self.connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return int(cursor.rowcount)

    def start_clocks(self, keys: _Keys) -> None:
        """The clocks of one batch, each object in a transaction of its own, under its lock."""
        timed = Q(pk__in=[])
        for one in contracts_of(self.model):
            states = {state for clock in one.clocks for state in clock.runs_in}
            stored = [value for state in states for value in one.states.every_value(state)]
            timed |= Q(**{f"{one.field}__in": stored})
        batch = self._of(keys).filter(timed)
        for pk in batch.order_by("pk").values_list("pk", flat=True):
            retrying(self.using, partial(self._start_clocks_of, pk))

    def _start_clocks_of(self, pk: Any) -> None:
        with transaction.atomic(using=self.using):
            obj = lock_object(self.contract, pk, self.using)
            if obj is not None:
                began = None if self.since is None else getattr(obj, self.since.attname)
                keep_time(self.using, obj, since=began)

    def _of(self, keys: _Keys) -> Any:
        rows = self.rows.filter(pk__lte=keys.upto)
        return rows if keys.after is None else rows.filter(pk__gt=keys.after)

    def _next_batch(self, after: Any, size: int) -> _Keys:
        later = self.rows.all() if after is None else self.rows.filter(pk__gt=after)
        keys = later.order_by("pk").values_list("pk", flat=True)
        for last in keys[size - 1 : size]:
            return _Keys(after, last, size)
        return _Keys(after, keys.last(), keys.count())

    def _statement(self, keys: _Keys) -> tuple[str, list[Any]]:
        quoted = self.table.dialect.quoted
        key, version = self._column(self.table.pk), self._column(self.table.version)
        columns, values, parameters = self._operation()
        operations = quoted(Operation._meta.db_table)
        # Who is at version 0 and known has an operation 0: the unique index leaves it out. To look
        # for it first costs more, the more operations there are.
        where = [f"{version} = 0", f"{key} <= %s"]
        parameters.append(self._key(keys.upto))
        if keys.after is not None:
            where.append(f"{key} > %s")
            parameters.append(self._key(keys.after))
        if self.table.dialect.replaces_rows_unasked:
            # There a trigger refuses a second operation 0 before the index could leave it out,
            # and nobody else writes meanwhile.
            known = f"o.object_type = %s AND o.object_id = {self._key_as_text()} AND o.version = 0"
            where.append(f"NOT EXISTS (SELECT 1 FROM {operations} o WHERE {known})")  # noqa: S608  names, quoted
            parameters.append(self.contract.object_type)
        statement = (
            f"{self.words.insert} {operations} ({', '.join(columns)})"  # noqa: S608  names, quoted
            f" SELECT {', '.join(values)} FROM {quoted(self.table.table)} m"
            f" WHERE {' AND '.join(where)} {self.words.unless_written_meanwhile}"
        )
        return statement, parameters

    def _operation(self) -> tuple[list[str], list[str], list[Any]]:
        """Every column of an operation: an expression over the row, or one value for all."""
        expressions = {
            "id": self.words.new_id(time.time_ns() // 1_000_000),
            "object_id": self._key_as_text(),
            "target": self._column(self.table.states[self.contract.field]),
        }
        if data := self._data():
            expressions["data"] = data
        columns, values, parameters = [], [], []
        for field in Operation._meta.concrete_fields:
            columns.append(self.table.dialect.quoted(str(field.column)))
            values.append(expressions.get(field.attname, "%s"))
            if field.attname not in expressions:
                given = getattr(self._common(), field.attname)
                parameters.append(field.get_db_prep_save(given, self.connection))
        return columns, values, parameters

    def _data(self) -> str:
        """Since when the row is in its state, and where it stands in its other workflows."""
        said = ""
        if self.since is not None:
            said = self.words.since(self._column(self.since.column), self.since)
        columns = {field: self._column(column) for field, column in self.table.states.items()}
        del columns[self.contract.field]
        return self.words.with_states(said, columns) if columns else said

    def _common(self) -> Operation:
        return Operation(
            object_type=self.contract.object_type,
            version=0,
            field=self.contract.field,
            transition=Kind.ADOPT,
            source="",
            kind=Kind.ADOPT,
            actor=SYSTEM_ACTOR,
            actor_label=actor_label(SYSTEM),
            data={},
            contract_version=self.contract.version,
        )

    def _key_as_text(self) -> str:
        key = self._column(self.table.pk)
        return self.table.dialect.key_as_text(key, is_uuid=self.table.key_is_uuid)

    def _column(self, name: str) -> str:
        return f"m.{self.table.dialect.quoted(name)}"

    def _key(self, value: Any) -> Any:
        key: Any = self.model._meta.pk
        return key.get_db_prep_value(value, self.connection)
