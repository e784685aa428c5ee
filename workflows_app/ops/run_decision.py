"""A decision about one run: under the object's lock first, then the run's."""

from collections.abc import Callable, Mapping
from typing import Any

from workflows_app.contract.effects import Effect
from workflows_app.contract.registry import Contract, Unbound, contract_for, contract_of
from workflows_app.engine.locking import pk_of
from workflows_app.failures import NotAllowed, Reason
from workflows_app.models import EffectRun, Operation
from workflows_app.models.database import database_of

from .decision import Said, decide, refuse_without

#: Does what was decided with the locked run. The operation is written, the object locked.
Act = Callable[[EffectRun, Any, Operation], None]


def decide_about(
    verb: str, run: EffectRun, said: Said, permission: str, data: Mapping[str, Any], act: Act
) -> Operation:
    """The operation of a decision about this run. The state of the object stays."""
    using = database_of(EffectRun)
    refuse_without(said.by, permission)
    contract, obj = object_behind(run.object_type, run.object_id, run.operation.field)

    def do(operation: Operation, locked: Any) -> None:
        act(lock_run(using, run), locked, operation)

    about = {"run": str(run.pk), "effect": run.effect, **data}
    return decide(verb, obj, contract, said, about, act=do)


def object_behind(object_type: str, object_id: str, field: str) -> tuple[Contract, Any]:
    """The contract of a row, and an instance that stands for its object: it is locked later."""
    try:
        contract = contract_for(object_type, field)
    except Unbound as error:
        raise NotAllowed("Its model does not exist any more.") from error
    return contract, contract.model(pk=pk_of(contract.model, object_id))


def lock_run(using: str, run: EffectRun) -> EffectRun:
    """The run as it is now, locked."""
    return EffectRun.objects.using(using).select_for_update().get(pk=run.pk)


def effect_of(obj: Any, run: EffectRun) -> Effect:
    """The effect behind the run. Raises NotAllowed where the contract has it no longer."""
    effect = contract_of(obj).effect_named(run.effect)
    if effect is None:
        raise NotAllowed(f"The contract does not know the effect {run.effect} any more.")
    return effect


def refuse_superseded(run: EffectRun) -> None:
    """It was ended by a later operation, or is being undone: nothing of it begins again."""
    if run.superseded_by_id is not None:
        reason = Reason("superseded", f"Operation {run.superseded_by_id} has superseded it.")
        raise NotAllowed(reason.detail, reasons=[reason])
