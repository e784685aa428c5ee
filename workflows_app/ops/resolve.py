"""A person says what became of a run in doubt: it happened, or it did not."""

from collections.abc import Collection, Mapping
from typing import Any

from workflows_app.contract.data import as_json
from workflows_app.contract.effects import Effect, Safety
from workflows_app.engine.answers import Dead, Done, Verdict
from workflows_app.engine.run_events import write_event
from workflows_app.engine.settle import conclude
from workflows_app.failures import Invalid, NotAllowed, Recorded
from workflows_app.models import EffectRun, EventKind, Operation, RunState, SupersededAs
from workflows_app.models.database import database_of

from .decision import Said
from .run_decision import decide_about, effect_of

DID_NOT_HAPPEN = "did_not_happen"


def resolve(
    run: EffectRun,
    *,
    happened: bool,
    by: Any,
    reason: str,
    result: Mapping[str, Any] | None = None,
    reference: str | None = None,
    undo: bool = False,
    version: int | Collection[int] | None = None,
    key: str | None = None,
) -> Operation:
    """Say what became of a run in doubt, on evidence: ``reason`` says which.

    It happened: the run is done with ``result`` (a handler's dict) and its ``then`` follows; what
    counts once needs a ``reference`` or a result to say so. With ``undo`` nothing follows, and the
    effect's own undo takes it back. It did not: the run has failed and its ``otherwise`` follows.
    Nothing follows from a run that was superseded, but its undo. A run that waits for its
    confirmation may be resolved as well, and one that something speaks against: then that is
    settled. Needs ``workflows_app.resolve_run``.
    Raises NotAllowed for other runs, Forbidden, Invalid without a reason or that evidence, Stale,
    KeyReused.
    """
    if happened and run.safety == Safety.COMMITTED and not (reference or result):
        raise Invalid("Say reference= or result=: what the outside calls it, as evidence.")
    if undo and not happened:
        raise Invalid("What did not happen needs no undo.")
    data = {"happened": happened, "result": as_json(dict(result or {})), "reference": reference}
    data |= {"undo": True} if undo else {}

    def act(locked: EffectRun, obj: Any, operation: Operation) -> None:
        _resolve(locked, obj, operation, data)

    said = Said(by, reason, version, key)
    return decide_about("resolve", run, said, "workflows_app.resolve_run", data, act)


def _resolve(run: EffectRun, obj: Any, operation: Operation, data: dict[str, Any]) -> None:
    using = database_of(EffectRun)
    undecided = run.state in (RunState.IN_DOUBT, RunState.WAITING)
    if not undecided and run.contradiction is None:
        raise NotAllowed(f"This run is {run.get_state_display().lower()}, not in doubt.")
    effect = effect_of(obj, run)
    write_event(using, run, EventKind.RESOLVED, operation.actor, happened=data["happened"])
    run.reference = data["reference"] or run.reference
    run.contradiction, run.may_have_happened = None, False
    if "undo" in data:
        _have_undone(using, run, effect, operation)
    run.save(using=using)
    if undecided or data["happened"] is not (run.state == RunState.DONE):
        conclude(using, run, effect, _verdict(data), obj)


def _have_undone(using: str, run: EffectRun, effect: Effect, operation: Operation) -> None:
    if effect.undo is None:
        raise NotAllowed(f"The contract has nothing that undoes {effect.name}.")
    if run.state == RunState.DONE:
        raise NotAllowed("It is done: a command of the contract undoes it.")
    if run.superseded_by_id is None:
        run.superseded_by, run.superseded_as = operation, SupersededAs.ALREADY_SENT
        told = {"as": run.superseded_as, "was": run.state, "by": str(operation.pk)}
        write_event(using, run, EventKind.SUPERSEDED, operation.actor, **told)


def _verdict(data: dict[str, Any]) -> Verdict:
    if data["happened"]:
        named = {"reference": data["reference"]} if data["reference"] else {}
        return Done(named | data["result"])
    return Dead(Recorded(DID_NOT_HAPPEN, "A person found that it did not happen.", "rejected"))
