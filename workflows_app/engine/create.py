"""Plain creation: a new object, its operation 0 and its key in one transaction.

For the contracts that have no transition that creates.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.contrib.auth import get_permission_codename
from django.db import IntegrityError, transaction

from workflows_app.contract.data import as_json
from workflows_app.contract.people import SYSTEM
from workflows_app.contract.permissions import has_permission
from workflows_app.contract.registry import contract_of
from workflows_app.failures import ContractError, Forbidden, Invalid
from workflows_app.models import Operation
from workflows_app.models.database import database_of
from workflows_app.models.writing import Writing, writing

from .idempotency import actor_of, earlier_answer, fingerprint, receipt
from .locking import retrying
from .violations import explained, refuse_unenforced


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
    asked = fingerprint("create", contract_of(instance).object_type, "", data)
    answered_before = partial(earlier_answer, using, actor_of(by), key, asked)
    said = {"data": as_json(data or {}), "reason": reason, "traceparent": traceparent}
    command = Writing(
        user=None if by is SYSTEM else by,
        reason=reason,
        receipt=receipt(by, key, fingerprint=asked, **said),
    )
    try:
        return retrying(using, lambda: answered_before() or _save(instance, command, by, using))
    except (IntegrityError, Invalid):
        # The same key won beside us, or it was the first to bring the same unique column.
        earlier = answered_before()
        if earlier is None:
            raise
        return earlier


def _refuse_other_way(instance: Any) -> None:
    model = type(instance).__name__
    ways = [f"execute({model}.{one.name}, ...)" for one in contract_of(instance).all_creations]
    if ways:
        raise ContractError(f"A {model} begins by a command of its own: {' or '.join(ways)}.")


def _save(instance: Any, command: Writing, by: Any, using: str) -> Operation:
    _refuse_stranger(by, instance)
    with explained(using) as attempt, _as_new_again(instance):
        attempt.obj = instance
        refuse_unenforced(instance, using)
        with transaction.atomic(using=using), writing(instance, command):
            instance.save(using=using)
            return Operation.objects.using(using).get(pk=command.operation_id)


def _refuse_stranger(by: Any, instance: Any) -> None:
    codename = get_permission_codename("add", instance._meta)
    permission = f"{instance._meta.app_label}.{codename}"
    if by is not SYSTEM and not has_permission(by, permission):
        raise Forbidden(f"You need the permission {permission} to create this.")


@contextmanager
def _as_new_again(instance: Any) -> Iterator[None]:
    """Leave the instance unsaved when its transaction fails, so that it can be saved again."""
    pk = instance.pk
    try:
        yield
    except BaseException:
        instance.pk, instance._state.adding = pk, True
        raise
