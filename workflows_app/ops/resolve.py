"""A person decides about a run: it happened, it did not, or it is to be left out."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from workflows_app.contract.data import as_json
from workflows_app.contract.effects import Effect
from workflows_app.contract.people import SYSTEM
from workflows_app.contract.permissions import has_permission
from workflows_app.contract.registry import contract_of
from workflows_app.engine.answers import Dead, Done, Verdict
from workflows_app.engine.idempotency import actor_label, actor_of
from workflows_app.engine.ledger import adopt_if_unknown, write_operation
from workflows_app.engine.locking import lock_named_object, retrying
from workflows_app.engine.outbox import free_lane
from workflows_app.engine.queue import wake
from workflows_app.engine.run_events import write_event
from workflows_app.engine.settle import conclude
from workflows_app.failures import Current, Forbidden, Invalid, NotAllowed, Recorded, Stale
from workflows_app.models import EffectRun, EventKind, FollowUp, Kind, Operation, RunState
from workflows_app.models.database import database_of
from workflows_app.models.identity import uuid7
from workflows_app.models.writing import Writing, writing

DID_NOT_HAPPEN = "did_not_happen"


def resolve(
    run: EffectRun,
    *,
    happened: bool,
    by: Any,
    reason: str,
    result: Mapping[str, Any] | None = None,
    version: int | Collection[int] | None = None,
) -> Operation:
    """Say what became of a run in doubt, on evidence: ``reason`` says which.

    It happened: the run is done with ``result`` (a handler's dict) and its ``then`` follows. It
    did not: the run has failed and its ``otherwise`` follows. Needs ``workflows_app.resolve_run``.
    Raises NotAllowed for a run that is not in doubt, Forbidden, Invalid without a reason, Stale.
    """
    data = {"happened": happened, "result": as_json(dict(result or {}))}
    return _decide(run, "resolve", by, reason, version, data, _resolve)


def skip(
    run: EffectRun,
    *,
    by: Any,
    reason: str,
    version: int | Collection[int] | None = None,
) -> Operation:
    """Let the object go on without a run that failed, is in doubt, is lost, or has not begun.

    Nothing follows from a skipped run, and its lane is free. A run that is done, but whose
    follow-up is dead, stays done without it. Needs ``workflows_app.skip_run``.
    Raises NotAllowed for a run that is under way or settled, Forbidden, Invalid, Stale.
    """
    return _decide(run, "skip", by, reason, version, {}, _skip)


def _decide(
    run: EffectRun,
    verb: str,
    by: Any,
    reason: str,
    version: int | Collection[int] | None,
    data: dict[str, Any],
    act: Any,
) -> Operation:
    """One transaction: the object's lock, its version, the operation, the run, what follows."""
    using = database_of(EffectRun)
    actor = {"actor": actor_of(by), "actor_label": actor_label(by)}
    _refuse_stranger(by, f"workflows_app.{verb}_run")
    _refuse_silence(reason)

    def once() -> Operation:
        with transaction.atomic(using=using):
            obj = _lock_object(using, run)
            _refuse_stale(obj, run, version)
            adopt_if_unknown(obj, using)
            operation = _write_operation(
                using, obj, run, by, transition=verb, reason=reason, data=_about(run, data), **actor
            )
            act(using, _lock_run(using, run), obj, actor["actor"], data)
            wake(using)
        return operation

    return retrying(using, once)


def _resolve(using: str, run: EffectRun, obj: Any, actor: str, data: dict[str, Any]) -> None:
    if run.state != RunState.IN_DOUBT:
        raise NotAllowed(f"This run is {run.get_state_display().lower()}, not in doubt.")
    write_event(using, run, EventKind.RESOLVED, actor, happened=data["happened"])
    conclude(using, run, _effect_of(obj, run), _verdict(data), obj)


def _verdict(data: dict[str, Any]) -> Verdict:
    if data["happened"]:
        return Done(data["result"])
    return Dead(Recorded(DID_NOT_HAPPEN, "A person found that it did not happen.", "rejected"))


def _skip(using: str, run: EffectRun, obj: Any, actor: str, data: dict[str, Any]) -> None:
    if not _can_be_skipped(using, run):
        raise NotAllowed(f"This run is {run.get_state_display().lower()}; it cannot be skipped.")
    write_event(using, run, EventKind.SKIPPED, actor, was=run.state)
    if run.state == RunState.DONE:  # what happened stays true; only its follow-up is given up
        run.follow_up = FollowUp.UNWANTED
    else:
        run.state, run.follow_up, run.lease_until = RunState.SKIPPED, FollowUp.NONE, None
        run.fence += 1
    run.finished_at = run.finished_at or timezone.now()
    run.save(using=using)
    free_lane(using, run)


def _can_be_skipped(using: str, run: EffectRun) -> bool:
    if run.state == RunState.RUNNING:  # lost: its worker is gone, and perhaps its code too
        return EffectRun.objects.using(using).lost().filter(pk=run.pk).exists()
    if run.state == RunState.FAILED:
        return run.follow_up not in (FollowUp.DONE, FollowUp.UNWANTED)
    waiting = run.state in (RunState.HELD, RunState.QUEUED, RunState.IN_DOUBT)
    return waiting or run.follow_up == FollowUp.DEAD


def _lock_object(using: str, run: EffectRun) -> Any:
    obj = lock_named_object(run.object_type, run.object_id, using)
    if obj is None:
        raise NotAllowed("The object does not exist any more.")
    return obj


def _lock_run(using: str, run: EffectRun) -> EffectRun:
    return EffectRun.objects.using(using).select_for_update().get(pk=run.pk)


def _effect_of(obj: Any, run: EffectRun) -> Effect:
    effect = contract_of(obj).effect_named(run.effect)
    if effect is None:
        raise NotAllowed(f"The contract does not know the effect {run.effect} any more.")
    return effect


def _write_operation(using: str, obj: Any, run: EffectRun, by: Any, **columns: Any) -> Operation:
    contract = contract_of(obj, run.operation.field)
    operation = write_operation(
        obj, using, field=contract.field, id=uuid7(), version=obj.version + 1,
        source=contract.stored_state_of(obj), target=contract.state_of(obj), kind=Kind.OPERATOR,
        **columns,
    )  # fmt: skip
    user = None if by is SYSTEM else by
    with writing(obj, Writing(operation.id, user, operation.reason, field=contract.field)):
        obj.version += 1
        obj.save(using=using)
    return operation


def _about(run: EffectRun, data: dict[str, Any]) -> dict[str, Any]:
    return {"run": str(run.pk), "effect": run.effect, **data}


def _refuse_stranger(by: Any, permission: str) -> None:
    if by is SYSTEM or not has_permission(by, permission):
        raise Forbidden(f"You need the permission {permission} to decide about a run.")


def _refuse_silence(reason: str) -> None:
    if not reason.strip():
        raise Invalid("Say why: a decision about a run needs a reason.")


def _refuse_stale(obj: Any, run: EffectRun, version: int | Collection[int] | None) -> None:
    seen = {version} if isinstance(version, int) else version
    if seen is not None and obj.version not in seen:
        state = contract_of(obj, run.operation.field).state_of(obj)
        raise Stale(current=Current(state, obj.version))
