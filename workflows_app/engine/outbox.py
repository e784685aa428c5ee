"""The outbox: the effects a command asked for become rows in its own transaction."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Model

from workflows_app.contract.data import as_json
from workflows_app.contract.effects import Effect
from workflows_app.models import EffectRun, Operation, RunState
from workflows_app.models.clock import DatabaseNow


def request_effects(
    using: str, operation: Operation, obj: Model, effects: tuple[Effect, ...]
) -> list[EffectRun]:
    """One run per effect; in a lane, only its head may go. The object's row is locked."""
    taken: set[str] = set()
    runs = []
    for position, effect in enumerate(effects):
        lane = lane_of(operation, effect)
        free = lane is None or (lane not in taken and not _is_taken(using, lane))
        taken |= {lane} if lane else set()
        runs.append(_new_run(operation, obj, effect, position, lane, free=free))
    return EffectRun.objects.using(using).bulk_create(runs)


def lane_of(operation: Operation, effect: Effect) -> str | None:
    """The lane's full name: one object's runs of one declared lane go one after the other."""
    if effect.lane is None:
        return None
    return f"{operation.object_type}:{operation.object_id}:{effect.lane}"


def free_lane(using: str, run: EffectRun) -> None:
    """Let go of the lane and promote the next. The object's row is locked.

    Without that lock an acceptance beside us could still see the lane as taken, after we saw no
    successor: a write skew that strands the lane.
    """
    if run.holds_lane is None:
        return
    lane, run.holds_lane = run.holds_lane, None
    run.save(using=using, update_fields=["holds_lane"])
    promote(using, lane)


def promote(using: str, lane: str) -> bool:
    """Let the first held run of a free lane go; whether there was one."""
    if _is_taken(using, lane):
        return False
    held = EffectRun.objects.using(using).filter(lane=lane, state=RunState.HELD)
    first = held.order_by("version", "position").values_list("pk", flat=True).first()
    if first is None:
        return False
    return bool(
        held.filter(pk=first).update(state=RunState.QUEUED, holds_lane=lane, due=DatabaseNow())
    )


def frozen_data(obj: Model, effect: Effect, data: Mapping[str, Any]) -> dict[str, Any]:
    """The command's data with the effect's columns laid over, as they are at the commit."""
    columns = {name: obj.serializable_value(name) for name in effect.carries}
    return {**data, **as_json(columns)}


def _new_run(
    operation: Operation, obj: Model, effect: Effect, position: int, lane: str | None, *, free: bool
) -> EffectRun:
    return EffectRun(
        operation=operation,
        object_type=operation.object_type,
        object_id=operation.object_id,
        version=operation.version,
        position=position,
        effect=effect.name,
        safety=effect.safety,
        state=RunState.QUEUED if free else RunState.HELD,
        due=DatabaseNow(),
        lane=lane,
        holds_lane=lane if free else None,
        data=frozen_data(obj, effect, operation.data),
    )


def _is_taken(using: str, lane: str) -> bool:
    return EffectRun.objects.using(using).lane_is_taken(lane)
