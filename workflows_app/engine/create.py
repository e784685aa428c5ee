"""Creation: a new object, its operation 0 and its key in one transaction.

``begin`` runs a transition of the contract that creates (``source=None``); ``create`` is for the
contracts that have none.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.contrib.auth import get_permission_codename
from django.db import IntegrityError, transaction

from workflows_app.contract.data import Brought, as_json, bring
from workflows_app.contract.people import SYSTEM
from workflows_app.contract.permissions import has_permission
from workflows_app.contract.registry import contract_of
from workflows_app.failures import ContractError, Forbidden, Invalid
from workflows_app.models import Operation
from workflows_app.models.database import database_of
from workflows_app.models.writing import Writing, writing

from .body import run_body
from .command import Command, command_for
from .idempotency import actor_label, actor_of, earlier_answer, fingerprint, key_hash
from .locking import retrying
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
        if earlier := earlier_answer(
            request.using, request.actor, request.key, *request.fingerprints
        ):
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
    receipt = {
        "field": request.contract.field,
        "transition": request.transition.name,
        "actor": request.actor,
        "actor_label": actor_label(request.by),
        "reason": request.reason,
        "data": brought.stored,
        "key": request.key,
        "key_hash": key_hash(request.key),
        "fingerprint": request.fingerprints[0],
        "cause": request.cause.name if request.cause else "",
        "traceparent": request.traceparent,
    }
    written = Writing(request.operation_id, command.actor.user, request.reason, receipt)
    with writing(obj, written):
        setattr(obj, request.contract.since_field, command.now)
        obj.save(using=request.using)
    return Operation.objects.using(request.using).get(pk=request.operation_id)


def create(
    instance: Any,
    *,
    by: Any,
    data: Mapping[str, Any] | None = None,
    key: str | None = None,
    reason: str = "",
    traceparent: str = "",
) -> Operation:
    """Save a new object as a command by somebody who may add it.

    ``data`` is what was asked for: it is stored with the operation and stands behind ``key``.
    The same key again answers with the first operation (``.replayed``) and saves nothing.
    Raises Forbidden without the model's add permission, Invalid for a violated constraint,
    KeyReused, and what save() raises; ContractError where the contract has a command that creates.
    """
    _refuse_other_way(instance)
    using = database_of(instance)
    actor = actor_of(by)
    asked = fingerprint("create", contract_of(instance).object_type, "", data)
    command = Writing(
        user=None if by is SYSTEM else by,
        reason=reason,
        receipt={
            "actor": actor,
            "actor_label": actor_label(by),
            "reason": reason,
            "data": as_json(data or {}),
            "key": key,
            "key_hash": key_hash(key),
            "fingerprint": asked,
            "traceparent": traceparent,
        },
    )

    def save() -> Operation:
        if earlier := earlier_answer(using, actor, key, asked):
            return earlier
        _refuse_stranger(by, instance)
        with explained(using) as attempt, _as_new_again(instance):
            attempt.obj = instance
            refuse_unenforced(instance, using)
            with transaction.atomic(using=using), writing(instance, command):
                instance.save(using=using)
                return Operation.objects.using(using).get(pk=command.operation_id)

    try:
        return retrying(using, save)
    except (IntegrityError, Invalid):
        # The same key won beside us, or it was the first to bring the same unique column.
        earlier = earlier_answer(using, actor, key, asked)
        if earlier is None:
            raise
        return earlier


@contextmanager
def _as_new_again(instance: Any) -> Iterator[None]:
    """Leave the instance unsaved when its transaction fails, so that it can be saved again."""
    pk = instance.pk
    try:
        yield
    except BaseException:
        instance.pk, instance._state.adding = pk, True
        raise


def _refuse_other_way(instance: Any) -> None:
    model = type(instance).__name__
    ways = [f"execute({model}.{one.name}, ...)" for one in contract_of(instance).all_creations]
    if ways:
        raise ContractError(f"A {model} begins by a command of its own: {' or '.join(ways)}.")


def _refuse_stranger(by: Any, instance: Any) -> None:
    codename = get_permission_codename("add", instance._meta)
    permission = f"{instance._meta.app_label}.{codename}"
    if by is not SYSTEM and not has_permission(by, permission):
        raise Forbidden(f"You need the permission {permission} to create this.")
