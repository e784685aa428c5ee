"""The ledger: every accepted command becomes one immutable operation."""

from typing import Any

from django.db.models import Model

from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import contract_of, contracts_of
from workflows_app.models import Kind, Operation
from workflows_app.models.identity import object_id_of
from workflows_app.models.writing import Writing

from .idempotency import SYSTEM_ACTOR, actor_label, actor_of


def write_operation(obj: Model, using: str, *, field: str = "", **columns: Any) -> Operation:
    """Insert an operation of this object: its type, key, field and contract are filled in.

    ``field`` says which of several workflows it is about; the first one if it is not said.
    """
    operation = new_operation(obj, field=field, **columns)
    operation.save(using=using, force_insert=True)
    return operation


def new_operation(obj: Model, *, field: str = "", **columns: Any) -> Operation:
    """The same, not yet inserted."""
    contract = contract_of(obj, field)
    return Operation(
        object_type=contract.object_type,
        object_id=object_id_of(obj),
        field=contract.field,
        contract_version=contract.version,
        **columns,
    )


def write_operation_zero(
    sender: Any, *, instance: Any, using: str, command: Writing, **kwargs: Any
) -> None:
    """The create operation of a new object, in the transaction that inserts it."""
    columns: dict[str, Any] = {
        "transition": Kind.CREATE, "data": {}, "reason": command.reason,
        **_whoever_asked(command.user), **command.receipt,
    }  # fmt: skip
    contract = contract_of(instance, columns.pop("field", ""))
    write_operation(
        instance, using, field=contract.field, id=command.operation_id, version=0, source="",
        target=contract.state_of(instance), kind=Kind.CREATE, **columns,
    )  # fmt: skip


def write_operation_of_deletion(
    sender: Any, *, instance: Any, using: str, stored: Any, command: Writing, **kwargs: Any
) -> None:
    """The last operation of an object, in the transaction that deletes it."""
    state = stored[contract_of(instance).field]
    if stored["version"] == 0:
        _adopt_if_unknown(instance, using, stored)
    write_operation(
        instance, using, id=command.operation_id, version=stored["version"] + 1,
        transition=Kind.DELETE, source=state, target=state, kind=Kind.DELETE,
        reason=command.reason, **_whoever_asked(command.user),
    )  # fmt: skip


def adopt_if_unknown(obj: Any, using: str) -> None:
    """Give an object that came another way (bulk insert, raw SQL) its operation 0."""
    if obj.version == 0:
        states = {one.field: one.stored_state_of(obj) for one in contracts_of(obj)}
        _adopt_if_unknown(obj, using, states)


def _adopt_if_unknown(obj: Any, using: str, stored: dict[str, Any]) -> None:
    operations = Operation.objects.using(using)
    first, *others = contracts_of(obj)
    if operations.of(first.object_type, object_id_of(obj)).exists():
        return
    # One operation 0 for the object: what it found of other workflows stands in its data.
    found = {one.field: str(stored[one.field]) for one in others}
    adopted = new_operation(
        obj, version=0, transition=Kind.ADOPT, source="", target=stored[first.field],
        kind=Kind.ADOPT, data={"states": found} if found else {}, actor=SYSTEM_ACTOR,
        actor_label=actor_label(SYSTEM),
    )  # fmt: skip
    # An adoption of the whole table, beside us, may have written it just now.
    operations.bulk_create([adopted], ignore_conflicts=True)


def _whoever_asked(user: Any) -> dict[str, str]:
    """Who saves or deletes outside a command: the user that is known, else the system."""
    by = SYSTEM if user is None or not user.is_authenticated else user
    return {"actor": actor_of(by), "actor_label": actor_label(by)}
