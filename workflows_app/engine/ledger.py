"""The ledger: every accepted command becomes one immutable operation."""

from typing import Any

from django.db.models import Model

from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import contract_of
from workflows_app.models import Kind, Operation
from workflows_app.models.identity import object_id_of
from workflows_app.models.writing import Writing

from .idempotency import SYSTEM_ACTOR, actor_label, actor_of


def write_operation(obj: Model, using: str, **columns: Any) -> Operation:
    """Insert an operation of this object: its type, key, field and contract are filled in."""
    operation = new_operation(obj, **columns)
    operation.save(using=using, force_insert=True)
    return operation


def new_operation(obj: Model, **columns: Any) -> Operation:
    """The same, not yet inserted."""
    contract = contract_of(obj)
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
    columns = {"transition": Kind.CREATE, "data": {}, "reason": command.reason}
    columns |= {**_whoever_asked(command.user), **command.receipt}
    write_operation(
        instance, using, id=command.operation_id, version=0, source="",
        target=contract_of(instance).state_of(instance), kind=Kind.CREATE, **columns,
    )  # fmt: skip


def write_operation_of_deletion(
    sender: Any, *, instance: Any, using: str, stored: Any, command: Writing, **kwargs: Any
) -> None:
    """The last operation of an object, in the transaction that deletes it."""
    contract = contract_of(instance)
    state = stored[contract.field]
    if stored["version"] == 0:
        _adopt_if_unknown(instance, using, state)
    write_operation(
        instance, using, id=command.operation_id, version=stored["version"] + 1,
        transition=Kind.DELETE, source=state, target=state, kind=Kind.DELETE,
        reason=command.reason, **_whoever_asked(command.user),
    )  # fmt: skip


def adopt_if_unknown(obj: Any, using: str) -> None:
    """Give an object that came another way (bulk insert, raw SQL) its operation 0."""
    if obj.version == 0:
        _adopt_if_unknown(obj, using, contract_of(obj).stored_state_of(obj))


def _adopt_if_unknown(obj: Any, using: str, state: str) -> None:
    operations = Operation.objects.using(using)
    if operations.of(contract_of(obj).object_type, object_id_of(obj)).exists():
        return
    adopted = new_operation(
        obj, version=0, transition=Kind.ADOPT, source="", target=state, kind=Kind.ADOPT,
        data={}, actor=SYSTEM_ACTOR, actor_label=actor_label(SYSTEM),
    )  # fmt: skip
    # An adoption of the whole table, beside us, may have written it just now.
    operations.bulk_create([adopted], ignore_conflicts=True)


def _whoever_asked(user: Any) -> dict[str, str]:
    """Who saves or deletes outside a command: the user that is known, else the system."""
    by = SYSTEM if user is None or not user.is_authenticated else user
    return {"actor": actor_of(by), "actor_label": actor_label(by)}
