"""Runs that wait to be performed: what so many accepted commands would have left behind."""

from django.db import connection

from tests.bench.tickets.models import Ticket
from workflows_app.contract.registry import contract_of
from workflows_app.engine.outbox import lane_of
from workflows_app.models import EffectRun, Kind, Operation, RunState
from workflows_app.models.clock import DatabaseNow


def queue_runs(effect, how_many):
    """Write at once one queued run of this effect for each of so many new tickets."""
    tickets = Ticket.objects.bulk_create(Ticket(title="Nothing") for _ in range(how_many))
    operations = Operation.objects.bulk_create(beginning_of(ticket) for ticket in tickets)
    runs = EffectRun.objects.bulk_create(run_of(operation, effect) for operation in operations)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE TABLE workflows_app_effectrun" if is_mariadb() else "ANALYZE")
    return runs


def is_mariadb():
    return connection.vendor == "mysql"


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


def run_of(operation, effect):
    lane = lane_of(operation, effect)
    return EffectRun(
        operation=operation,
        object_type=operation.object_type,
        object_id=operation.object_id,
        version=operation.version,
        position=0,
        effect=effect.name,
        safety=effect.safety,
        state=RunState.QUEUED,
        due=DatabaseNow(),
        lane=lane,
        holds_lane=lane,
    )
