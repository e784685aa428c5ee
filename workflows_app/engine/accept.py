"""One command: the recipe behind every door, in one transaction."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.db import IntegrityError, transaction

from workflows_app.contract.data import bring
from workflows_app.contract.people import SYSTEM
from workflows_app.contract.watching import Place, inside
from workflows_app.failures import Invalid, KeyReused, Refused, TryAgain
from workflows_app.models import Kind, Operation

from .begin import begin
from .body import run_body
from .command import command_for
from .in_hand import answered_before, record, take_in_hand, write_row_and_history
from .ledger import adopt_if_unknown
from .locking import retrying
from .outbox import request_effects
from .queue import wake
from .refuse import refuse_guards, refuse_missing_columns, refuse_stranger, refuse_wrong_state
from .request import Cause, Request, read_request
from .signals import command_accepted
from .supersede import supersede_for
from .timers import keep_time
from .violations import explained, refuse_unenforced


def execute(
    command: Any,
    *,
    by: Any,
    data: Mapping[str, Any] | None = None,
    key: str | None = None,
    version: int | Collection[int] | None = None,
    reason: str = "",
    cause: Cause | None = None,
    traceparent: str = "",
) -> Operation:
    """Run a transition as a command: ``execute(claim.approve, by=user, data={...})``.

    One that creates is named by the model, ``execute(Lead.sign_up, by=user, data={...})``; the
    operation names the new object.
    ``by`` is a user or SYSTEM. The same ``key`` by the same actor for the same request answers
    with the first operation (``.replayed``) and writes nothing. ``version`` is the version the
    caller saw, or several that will do. On success the caller's instance is refreshed; a refusal
    raises a subclass of Refused and leaves everything untouched.
    """
    request = read_request(command, by, data, key, version, reason, cause, traceparent)
    return carry_out(request, give)


def carry_out(request: Request, step: Callable[[Request], tuple[Operation, Any]]) -> Operation:
    """Run the step of a request that is one transaction, and refresh the caller's instance."""
    try:
        with inside(Place.ENGINE, request.transition, request.instance, request.using):
            operation, present = retrying(request.using, lambda: step(request))
    except (IntegrityError, Refused) as error:
        earlier = answered_before(request) if _may_have_lost(request, error) else None
        if earlier is None:
            raise
        return earlier
    if present is not None:
        _refresh(request.instance, present)
    return operation


def _may_have_lost(request: Request, error: Exception) -> bool:
    """Whether the same key may have won beside us: on another object, with the same unique column,
    or, as nothing makes creations wait for each other, by creating what now refuses us.
    """
    if isinstance(error, IntegrityError | Invalid):
        return True
    return request.transition.creates and not isinstance(error, KeyReused | TryAgain)


def give(request: Request) -> tuple[Operation, Any]:
    """Any command, in a transaction; inside another command's it is a part of that."""
    return begin(request, give) if request.transition.creates else _accept(request)


def _accept(request: Request) -> tuple[Operation, Any]:
    with explained(request.using) as attempt, transaction.atomic(using=request.using):
        obj, earlier = take_in_hand(request, attempt)
        if earlier is not None:
            return earlier, obj
        request = request.standing(obj)
        refuse_stranger(request, obj)
        if request.transition.stacked:  # none of its declarations holds, so none says which data
            refuse_wrong_state(request, obj)
        brought = bring(request.transition.data, request.data)
        refuse_wrong_state(request, obj)
        command = command_for(request, brought, give)
        refuse_guards(request, obj, command)
        source = request.contract.stored_state_of(obj)
        adopt_if_unknown(obj, request.using)
        entered = run_body(request, obj, command)
        refuse_missing_columns(request, obj)
        refuse_unenforced(obj, request.using)
        kind = Kind.SYSTEM if request.by is SYSTEM else Kind.COMMAND
        operation = record(request, obj, kind, source, brought)
        write_row_and_history(request, obj, since=command.now if entered else None)
        keep_time(request.using, obj, {request.contract.field: source} if entered else None)
        undos = supersede_for(request.using, operation, obj, request.transition)
        effects = request.transition.effects_for(operation.target if entered else None)
        if request_effects(request.using, operation, obj, effects, after=undos):
            wake(request.using)
        command.linked.run_asked(obj)
        command_accepted.send(request.contract.model, operation=operation, effects=effects)
    operation.alone = command.linked.count == 0
    return operation, obj


def _refresh(instance: Any, present: Any) -> None:
    """Give the caller's instance what is in the row now, without another query."""
    for column in present._meta.concrete_fields:
        instance.__dict__[column.attname] = getattr(present, column.attname)
    instance._state.fields_cache.clear()
