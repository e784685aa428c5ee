"""The beginning: a transition that creates (``source=None``), with its operation 0."""

from collections.abc import Callable
from typing import Any

from django.db import transaction

from workflows_app.contract.data import Brought, bring
from workflows_app.models import Operation
from workflows_app.models.writing import Writing, writing

from .body import run_body
from .command import Command, command_for
from .in_hand import answered_before
from .outbox import request_effects
from .queue import wake
from .refuse import refuse_guards, refuse_missing_columns, refuse_stranger
from .request import Request
from .signals import command_accepted
from .violations import explained, refuse_unenforced


def begin(
    request: Request, give: Callable[[Request], tuple[Operation, Any]]
) -> tuple[Operation, Any]:
    """A transition that creates, in one transaction: its operation 0, and the new object.

    The object is None where the key was answered before. ``give`` runs what its body asks.
    """
    with explained(request.using) as attempt, transaction.atomic(using=request.using):
        if earlier := answered_before(request):
            return earlier, None
        refuse_stranger(request, None)
        brought = bring(request.transition.data, request.data)
        command = command_for(request, brought, give)
        attempt.obj = obj = _in_no_state(request)
        refuse_guards(request, obj, command)
        run_body(request, obj, command)
        refuse_missing_columns(request, obj)
        refuse_unenforced(obj, request.using)
        operation = _insert(request, obj, command, brought)
        effects = request.transition.effects_for(operation.target)
        if request_effects(request.using, operation, obj, effects):
            wake(request.using)
        command.linked.run_asked(obj)
        command_accepted.send(request.contract.model, operation=operation, effects=effects)
    operation.alone = command.linked.count == 0
    return operation, obj


def _in_no_state(request: Request) -> Any:
    """An empty object, new for every try: the body of one before may have filled it."""
    obj = request.contract.model()
    status: Any = obj._meta.get_field(request.contract.field)
    status.set_state(obj, None)
    return obj


def _insert(request: Request, obj: Any, command: Command, brought: Brought) -> Operation:
    receipt = {"field": request.contract.field, **request.receipt(brought.stored)}
    written = Writing(request.operation_id, command.actor.user, request.reason, receipt)
    with writing(obj, written):
        setattr(obj, request.contract.since_field, command.now)
        obj.save(using=request.using)
    return Operation.objects.using(request.using).get(pk=request.operation_id)
