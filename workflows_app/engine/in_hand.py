"""An object in a command's hands: locked and looked at first, recorded and saved at the end."""

from datetime import datetime
from typing import Any

from workflows_app.contract.data import Brought
from workflows_app.contract.people import SYSTEM
from workflows_app.models import Kind, Operation
from workflows_app.models.writing import Writing, writing

from .idempotency import earlier_answer
from .ledger import write_operation
from .locking import lock_object
from .notes import look_again
from .refuse import refuse_gone, refuse_stale
from .request import Request
from .violations import Attempt


def take_in_hand(request: Request, attempt: Attempt) -> tuple[Any, Operation | None]:
    """The object as it is now, under its lock; and what the same key has answered before, if it
    has. Raises NotAllowed (it is gone) and Stale.
    """
    obj = lock_object(request.contract, request.instance.pk, request.using)
    if earlier := answered_before(request):  # under the lock, which a duplicate may have had
        return obj, earlier
    refuse_gone(obj)
    attempt.begin(obj, request.contract)
    refuse_stale(request, obj)
    return obj, None


def answered_before(request: Request) -> Operation | None:
    """The operation that the key of this request stands for already."""
    return earlier_answer(request.using, request.actor, request.key, *request.fingerprints)


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


def write_row_and_history(request: Request, obj: Any, *, since: datetime | None) -> None:
    """Save the object; ``since`` when it is in the state that the command has entered, if one.

    What came from outside and could not be used by the object as it was is looked at again.
    """
    user = None if request.by is SYSTEM else request.by
    mine = Writing(request.operation_id, user, request.reason, field=request.contract.field)
    with writing(obj, mine):
        obj.version += 1
        if since is not None:
            setattr(obj, request.contract.since_field, since)
        obj.save(using=request.using)
    look_again(request.using, request.contract, obj)
