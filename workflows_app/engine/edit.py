"""An edit: people change columns by themselves, as a command that leaves the state alone."""

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model

from workflows_app.contract.column_data import ColumnData
from workflows_app.contract.data import Brought, bring, reasons_of
from workflows_app.contract.registry import contract_of, contracts_of
from workflows_app.failures import ContractError, Invalid, Reason
from workflows_app.models import Kind, Operation
from workflows_app.models.identity import object_id_of

from .accept import carry_out
from .edit_transition import EDIT, PATCH
from .idempotency import fingerprint
from .in_hand import record, take_in_hand, write_row_and_history
from .ledger import adopt_if_unknown
from .refuse import refuse_empty_columns
from .refuse_edit import (
    refuse_elsewhere_editable,
    refuse_strange_columns,
    refuse_stranger_to_all,
)
from .request import Request, request_of
from .signals import command_accepted
from .timers import keep_time
from .violations import explained, refuse_unenforced


def edit(
    obj: Any,
    *,
    by: Any,
    data: Mapping[str, Any],
    key: str | None = None,
    version: int | Collection[int] | None = None,
    reason: str = "",
    traceparent: str = "",
    shape: Any = None,
) -> Operation:
    """Change columns of an object: ``edit(claim, by=user, data={"iban": "..."})``.

    ``by`` is a person whom the present state lets edit every column named; the system edits
    nothing. Values are validated by the model's fields and its ``clean()``, or by ``shape``: a
    serializer class, called with the instance, ``data`` and ``partial=True``. ``key``,
    ``version``, ``reason`` and the operation are those of ``execute()``; the state, since when it
    holds and what goes on outside are left alone. The same values as before are an edit too.

    Raises Forbidden, Invalid (nothing named, an unknown or protected column, a wrong value, a
    column emptied that the state requires, a violated constraint), NotAllowed (in another state),
    Stale, KeyReused, TryAgain; on a refusal nothing is written.
    """
    request = _read(obj, by, data, key, version, reason, traceparent)
    checked = ColumnData if shape is None else partial(shape, partial=True)
    return carry_out(request, partial(_give, shape=checked))


def ask_the_model(obj: Any) -> None:
    """What ``clean()`` says of columns that people entered. Raises Invalid with its messages."""
    try:
        obj.clean()
    except ValidationError as error:
        raise Invalid(reasons=list(reasons_of(_by_member(error)))) from error


def _read(
    obj: Any,
    by: Any,
    data: Any,
    key: str | None,
    version: int | Collection[int] | None,
    reason: str,
    traceparent: str,
) -> Request:
    if not isinstance(obj, Model) or obj.pk is None:
        raise ContractError(f"edit() takes a stored object, as in edit(claim, ...), not {obj!r}.")
    about = (contract_of(obj).object_type, object_id_of(obj))
    return request_of(
        obj,
        EDIT,
        (fingerprint(PATCH, *about, data),),
        by=by,
        version=version,
        data=data,
        key=key,
        reason=reason,
        cause=None,
        traceparent=traceparent,
    )


def _give(request: Request, shape: Any) -> tuple[Operation, Any]:
    with explained(request.using) as attempt, transaction.atomic(using=request.using):
        obj, earlier = take_in_hand(request, attempt)
        if earlier is not None:
            return earlier, obj
        refuse_stranger_to_all(obj, request.by)
        shape = partial(shape, obj)
        columns = _columns_named(request, obj, shape)
        refuse_strange_columns(request.by, obj, columns)
        brought = _bring(request, obj, shape)
        refuse_elsewhere_editable(request.by, obj, brought.validated)
        source = request.contract.stored_state_of(obj)
        adopt_if_unknown(obj, request.using)
        _change(request, obj, brought)
        refuse_unenforced(obj, request.using)
        operation = record(request, obj, Kind.EDIT, source, brought)
        write_row_and_history(request, obj, since=None)
        keep_time(request.using, obj)
        command_accepted.send(request.contract.model, operation=operation, effects=())
    operation.alone = True
    return operation, obj


def _columns_named(request: Request, obj: Any, shape: Any) -> dict[str, str]:
    """The columns behind the members that were sent, as far as there are such columns."""
    if not isinstance(request.data, Mapping):
        return {}  # said when it is validated
    fields = getattr(shape(data={}), "fields", None) or {}
    own = {field.name for field in obj._meta.concrete_fields}
    sources = {name: getattr(fields.get(name), "source", name) for name in request.data}
    return {name: column for name, column in sources.items() if column in own}


def _bring(request: Request, obj: Any, shape: Any) -> Brought:
    """The validated values by column, and the JSON form that is stored."""
    brought = bring(shape, request.data)
    if not brought.validated:
        nothing = "Name at least one column to edit."
        raise Invalid(nothing, reasons=[Reason("nothing_to_edit", nothing)])
    own = {field.name for field in obj._meta.concrete_fields}
    if strange := sorted(brought.validated.keys() - own):
        raise ContractError(
            f"edit() of {obj._meta.label}: what was sent is turned into {', '.join(strange)}, and"
            " there is no such column. A serializer for edits gives columns of the object itself."
        )
    return brought


def _change(request: Request, obj: Any, brought: Brought) -> None:
    """Set the columns, in memory, and ask the model and the state whether they agree."""
    for name, value in brought.validated.items():
        field = obj._meta.get_field(name)
        setattr(obj, name if isinstance(value, Model) else field.attname, value)
    ask_the_model(obj)
    for contract in contracts_of(obj):
        state = contract.state(contract.state_of(obj))
        refuse_empty_columns(state, obj, among=brought.validated)


def _by_member(error: ValidationError) -> Any:
    if not hasattr(error, "error_dict"):
        return error.error_list
    return {
        "non_field_errors" if name == "__all__" else name: errors
        for name, errors in error.error_dict.items()
    }
