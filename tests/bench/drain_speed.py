"""How many runs a second one process drains when the effects themselves do nothing."""

import time

from django.db import connection

from tests.bench.tickets.models import Ticket
from tests.bench.tickets.workflow import do_nothing
from workflows_app.contract.registry import contract_of
from workflows_app.engine.drain import drain
from workflows_app.models import EffectRun, Kind, Operation, RunState
from workflows_app.models.clock import DatabaseNow

RUNS = 20_000
LIMIT_SECONDS = 900


def measure():
    """Print one line: seconds, runs a second; whether every run was done."""
    queue_runs()
    began = time.monotonic()
    drain(at_most_seconds=LIMIT_SECONDS)
    seconds = time.monotonic() - began
    done = EffectRun.objects.filter(effect=do_nothing.name, state=RunState.DONE).count()
    print(
        f"drain in one process: {done:,} of {RUNS:,} no-op replay-safe effects"
        f" in {seconds:.1f} s, {done / seconds:,.0f} a second"
    )
    return done == RUNS


def queue_runs():
    """Write at once what so many accepted commands would have left behind."""
    tickets = Ticket.objects.bulk_create(Ticket(title="Nothing") for _ in range(RUNS))
    operations = Operation.objects.bulk_create(beginning_of(ticket) for ticket in tickets)
    EffectRun.objects.bulk_create(run_of(operation) for operation in operations)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def beginning_of(ticket):
    contract = contract_of(ticket)
    return Operation(
        object_type=contract.object_type,
        object_id=str(ticket.pk),
        version=0,
        field=contract.field,
        transition=Kind.CREATE,
        target=contract.state_of(ticket),
        kind=Kind.CREATE,
        actor="system",
        actor_label="the system",
        contract_version=contract.version,
    )


def run_of(operation):
    return EffectRun(
        operation=operation,
        object_type=operation.object_type,
        object_id=operation.object_id,
        version=operation.version,
        position=0,
        effect=do_nothing.name,
        safety=do_nothing.safety,
        state=RunState.QUEUED,
        due=DatabaseNow(),
    )
