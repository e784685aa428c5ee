"""An operator's decision: a command like any other, by a verb that every workflow has."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.db import transaction

from workflows_app.contract.data import Brought, as_json
from workflows_app.contract.people import SYSTEM
from workflows_app.contract.permissions import has_permission
from workflows_app.contract.registry import Contract
from workflows_app.engine.accept import carry_out
from workflows_app.engine.edit_transition import EDIT
from workflows_app.engine.idempotency import fingerprint
from workflows_app.engine.in_hand import record, take_in_hand, write_row_and_history
from workflows_app.engine.ledger import adopt_if_unknown
from workflows_app.engine.queue import wake
from workflows_app.engine.request import Request, request_of
from workflows_app.engine.signals import command_accepted
from workflows_app.engine.timers import keep_time
from workflows_app.engine.violations import explained, refuse_unenforced
from workflows_app.failures import Forbidden, Invalid
from workflows_app.models import Kind, Operation
from workflows_app.models.identity import object_id_of


@dataclass(frozen=True)
class Said:
    """What every decision says: who, why, having seen which version, under which key."""

    by: Any
    reason: str
    version: int | Collection[int] | None = None
    key: str | None = None


def decide(
    verb: str,
    obj: Any,
    contract: Contract,
    said: Said,
    data: Mapping[str, Any],
    *,
    act: Callable[[Operation, Any], None],
    enter: Callable[[Any], str] | None = None,
    kind: Kind = Kind.OPERATOR,
) -> Operation:
    """One transaction: the object's lock, the key, the version, the operation, what it does.

    ``enter``, given the locked object, answers with the state to be entered or raises a Refused;
    without it the state stays. ``act`` does what the decision is about, with the object locked.
    The same key for the same decision answers with the first operation.
    """
    refuse_silence(said.reason)
    transition = replace(EDIT, name=verb, field=contract.field)
    stored = as_json(dict(data))
    about = (contract.object_type, object_id_of(obj))
    request = request_of(
        obj,
        transition,
        (fingerprint(verb.upper(), *about, stored),),  # no transition has such a name
        by=said.by,
        version=said.version,
        data=stored,
        key=said.key,
        reason=said.reason,
        cause=None,
        traceparent="",
    )
    return carry_out(request, partial(_decide, kind=kind, enter=enter, act=act))


def refuse_silence(reason: str) -> None:
    """A decision says why. Raises Invalid."""
    if not reason.strip():
        raise Invalid("Say why: a decision needs a reason.")


def refuse_without(by: Any, permission: str, obj: Any = None) -> None:
    """Only a person with the permission, for everything or for this object. Raises Forbidden."""
    if by is SYSTEM or not has_permission(by, permission, obj):
        facts = {"permission": permission}
        raise Forbidden(f"You need the permission {permission} to decide this.", facts=facts)


def _decide(
    request: Request,
    kind: Kind,
    enter: Callable[[Any], str] | None,
    act: Callable[[Operation, Any], None],
) -> tuple[Operation, Any]:
    using = request.using
    with explained(using) as attempt, transaction.atomic(using=using):
        obj, earlier = take_in_hand(request, attempt)
        if earlier is not None:
            return earlier, obj
        source = request.contract.stored_state_of(obj)
        adopt_if_unknown(obj, using)
        if enter is not None:
            _enter(request.contract, obj, enter(obj))
            refuse_unenforced(obj, using)
        operation = record(request, obj, kind, source, Brought(stored=dict(request.data or {})))
        write_row_and_history(request, obj, since=operation.accepted_at if enter else None)
        keep_time(using, obj, None if enter is None else {request.contract.field: source})
        act(operation, obj)
        wake(using)
        command_accepted.send(request.contract.model, operation=operation, effects=())
    return operation, obj


def _enter(contract: Contract, obj: Any, state: str) -> None:
    status: Any = obj._meta.get_field(contract.field)
    status.set_state(obj, state)
