"""Causes: what led to an operation that no person gave, and how people are told."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from workflows_app.contract.registry import contract_for
from workflows_app.models import EffectRun, Message, Operation, Timer

from .work import read

Causing = EffectRun | Operation | Message | Timer


def causes_of(operations: Iterable[Operation]) -> dict[str, Causing]:
    """What led to these operations, by the name that ``cause`` has for it. One query a kind."""
    names = {operation.cause for operation in operations}
    found: list[Causing] = []
    if runs := _ids(names, "run:"):
        found += EffectRun.objects.filter(pk__in=runs)
    if others := _ids(names, "operation:"):
        found += Operation.objects.filter(pk__in=others)
    if messages := _ids(names, "message:"):
        found += Message.objects.filter(pk__in=messages)
    if timers := _ids(names, "timer:"):
        found += Timer.objects.filter(pk__in=timers)
    return {one.as_cause(): one for one in found}


def caused_by(operations: Sequence[Operation], runs: Iterable[EffectRun]) -> list[Operation]:
    """The operations that followed from these operations and runs, in the order they were given.

    No query where it is known that there can be none yet.
    """
    causes = [operation.as_cause() for operation in operations if not operation.alone]
    causes += [run.as_cause() for run in runs if run.attempts or run.settled]
    return list(Operation.objects.filter(cause__in=causes).order_by("id")) if causes else []


def follows(operation: Operation, cause: Causing) -> bool:
    """Whether it is what the contract says for the end of a run: its ``then`` or ``otherwise``."""
    known = contract_for(operation.object_type).transition_named(operation.transition)
    names = known.every_name if known else (operation.transition,)
    key = operation.key or ""
    return isinstance(cause, EffectRun) and any(key.endswith(f":{name}") for name in names)


def because_of(operation: Operation, cause: Causing) -> str:
    """``because of "start" of the trip``: what another object, a handler or a sender asked for."""
    if isinstance(cause, Message):
        return f'because of the message "{cause.type}" from {cause.endpoint}'
    if isinstance(cause, Timer):
        return _because_of_time(operation, cause)
    contract = contract_for(cause.object_type, getattr(cause, "field", ""))
    if isinstance(cause, EffectRun):
        label = read(cause, contract).label
    else:
        known = contract.transition_named(cause.transition)
        known = known and known.at(contract.states.present(cause.source))
        label = known.label if known else cause.transition
    told = f'because of "{label[:1].lower()}{label[1:].replace("_", " ")}"'
    same = (cause.object_type, cause.object_id) == (operation.object_type, operation.object_id)
    return told if same else f"{told} of the {contract.model._meta.verbose_name}"


def _because_of_time(operation: Operation, timer: Timer) -> str:
    """The step is named by the operation; the clock only where it is called otherwise."""
    contract = contract_for(timer.object_type, timer.field)
    step = contract.transition_named(timer.then)
    clock = "" if timer.clock in (step.every_name if step else (timer.then,)) else timer.clock
    called = f' "{clock.replace("_", " ")}"' if clock else ""
    return f"because its deadline{called} had passed"


def _ids(names: Iterable[str], prefix: str) -> list[UUID]:
    return [UUID(name.removeprefix(prefix)) for name in names if name.startswith(prefix)]
