"""One command: the recipe behind every door, in one transaction."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.db import IntegrityError, transaction

from workflows_app.contract.data import Brought, bring
from workflows_app.contract.people import SYSTEM
from workflows_app.contract.watching import Place, inside
from workflows_app.failures import Invalid, KeyReused, Refused, TryAgain
from workflows_app.models import Kind, Operation
from workflows_app.models.writing import Writing, writing

from .begin import begin
from .body import run_body
from .command import Command, command_for
from .idempotency import earlier_answer
from .ledger import adopt_if_unknown, write_operation
from .locking import lock_object, retrying
from .outbox import request_effects
from .queue import wake
from .refuse import (
    refuse_gone,
    refuse_guards,
    refuse_missing_columns,
    refuse_stale,
    refuse_stranger,
    refuse_wrong_state,
)
from .request import Cause, Request, read_request
from .signals import command_accepted
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
        obj = lock(request)
        if earlier := answered_before(request):  # under the lock, which a duplicate may have had
            return earlier, obj
        refuse_gone(obj)
        attempt.begin(obj, request.contract)
        refuse_stale(request, obj)
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
        _write_row_and_history(request, obj, command, entered=entered)
        effects = request.transition.effects_for(operation.target if entered else None)
        if request_effects(request.using, operation, obj, effects):
            wake(request.using)
        command.linked.run_asked(obj)
        command_accepted.send(request.contract.model, operation=operation, effects=effects)
    operation.alone = command.linked.count == 0
    return operation, obj


def answered_before(request: Request) -> Operation | None:
    """The operation that the key of this request stands for already."""
    return earlier_answer(request.using, request.actor, request.key, *request.fingerprints)


def lock(request: Request) -> Any:
    """The object as it is now, under its lock; None if it is gone."""
    return lock_object(request.contract, request.instance.pk, request.using)


def record(request: Request, obj: Any, kind: Kind, source: str, brought: Brought) -> Operation:
    """Write the operation of a command whose object is changed and not yet saved."""
    return write_operation(
        obj,
        request.using,
        field=request.contract.field,
        id=request.operation_id,
        version=obj.version + 1,
        source=source,
        target=request.contract.state_of(obj),
        kind=kind,
        **request.receipt(brought.stored),
    )


def _write_row_and_history(request: Request, obj: Any, command: Command, *, entered: bool) -> None:
    mine = Writing(
        request.operation_id, command.actor.user, request.reason, field=request.contract.field
    )
    with writing(obj, mine):
        obj.version += 1
        if entered:
            setattr(obj, request.contract.since_field, command.now)
        obj.save(using=request.using)


def _refresh(instance: Any, present: Any) -> None:
    """Give the caller's instance what is in the row now, without another query."""
    for column in present._meta.concrete_fields:
        instance.__dict__[column.attname] = getattr(present, column.attname)
    instance._state.fields_cache.clear()
