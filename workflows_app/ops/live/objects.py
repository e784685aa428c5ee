"""Objects: in states the contract does not know, under former values, without operation 0."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import ERROR, WARNING
from django.db import connections
from django.db.models import Count

from workflows_app.contract.registry import Contract
from workflows_app.models import Operation
from workflows_app.models.guard.dialects import dialect_of
from workflows_app.models.guard.triggers import Guarded

from .finding import EXAMPLES, Finding, under_former_name


def unknown_states(using: str, contract: Contract) -> Iterator[Finding]:
    """One pass over the table: how many objects stand in which stored state."""
    rows = contract.model._base_manager.using(using)
    counted = rows.order_by().values_list(contract.field).annotate(Count("pk"))
    for stored, count in sorted(counted, key=str):
        if not contract.knows(stored):
            yield _unknown(rows, contract, stored, count)
        elif (present := contract.states.present(stored)) != stored:
            yield under_former_name(_objects(count), stored, present, contract.model, count)


def unadopted(using: str, contract: Contract) -> Iterator[Finding]:
    """Rows that came another way (bulk insert, raw SQL, before the contract)."""
    count, examples = _without_operation(using, contract)
    if count:
        label = contract.model._meta.label
        yield Finding(
            WARNING,
            f"{_objects(count)} without operation 0: they are adopted by their first command.",
            hint=f"Run 'manage.py workflow_adopt {label}' to adopt them now.",
            obj=contract.model,
            id="workflows_app.W059",
            count=count,
            examples=examples,
        )


def _unknown(rows: Any, contract: Contract, stored: str, count: int) -> Finding:
    them = rows.filter(**{contract.field: stored})
    return Finding(
        ERROR,
        f"{_objects(count)} in the state {stored!r}, which {contract.workflow.__name__} does not"
        " know: no command begins there.",
        hint=f"If it was renamed, say was=[{stored!r}] on the state of today. If it was removed,"
        f" keep the state and a transition that leads out of it until nothing stands there.",
        obj=contract.model,
        id="workflows_app.E069",
        count=count,
        examples=them.values_list("pk", flat=True)[:EXAMPLES],
    )


def _without_operation(using: str, contract: Contract) -> tuple[int, list[Any]]:
    """Only rows at version 0 can be: one look-up by index for each of them."""
    connection = connections[using]
    table = Guarded(contract.model, dialect_of(connection))
    quoted = table.dialect.quoted
    key = f"m.{quoted(table.pk)}"
    mine = table.dialect.key_as_text(key, is_uuid=table.key_is_uuid)
    operations = quoted(Operation._meta.db_table)
    known = f"o.object_type = %s AND o.object_id = {mine} AND o.version = 0"
    unknown = f"NOT EXISTS (SELECT 1 FROM {operations} o WHERE {known})"  # noqa: S608  names, quoted
    those = f"FROM {quoted(table.table)} m WHERE m.{quoted(table.version)} = 0 AND {unknown}"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) {those}", (contract.object_type,))
        count = int(cursor.fetchone()[0])
        if not count:
            return 0, []
        cursor.execute(f"SELECT {key} {those} LIMIT {EXAMPLES}", (contract.object_type,))
        return count, [found for (found,) in cursor.fetchall()]


def _objects(count: int) -> str:
    return "1 object is" if count == 1 else f"{count:,} objects are"
