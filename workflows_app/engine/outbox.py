"""The outbox: the effects a command asked for become rows in its own transaction."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Model

from workflows_app.contract.data import as_json
from workflows_app.contract.effects import Effect
from workflows_app.contract.groups import Entry, Group, unfolded
from workflows_app.models import EffectRun, Operation, RunState
from workflows_app.models.clock import DatabaseNow, database_now
from workflows_app.models.effect_run import GROUP

from .admit import admit_later, limit_key_of
from .run_statements import first_held, write


def request_effects(
    using: str, operation: Operation, obj: Model, entries: Sequence[Entry], after: int = 0
) -> list[EffectRun]:
    """One run per effect and per group; in a lane only its head may go, of a group in order only
    the first. What has to wait still takes its place in its lane. The object's row is locked.

    ``after``: so many runs of the operation were asked for before.
    """
    taken: set[str] = set()
    groups: dict[int, EffectRun] = {}
    runs = []
    for position, (entry, around, in_turn) in enumerate(unfolded(entries), start=after):
        group = groups[id(around)] if around else None
        if isinstance(entry, Group):
            run = groups[id(entry)] = _new_group(operation, entry, position, group, in_turn=in_turn)
        else:
            lane = lane_of(operation, entry)
            free = lane is None or (lane not in taken and not _is_taken(using, lane))
            taken |= {lane} if lane else set()
            run = new_run(
                operation, obj, entry, position, lane, free=free, group=group, in_turn=in_turn
            )
        runs.append(run)
    for run in runs:
        admit_later(using, run)
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
    write(using, run, "holds_lane")
    _give_lane(using, lane)


def promote(using: str, lane: str) -> bool:
    """Give a free lane to its first held run, which goes if it may; whether there was one."""
    return not _is_taken(using, lane) and _give_lane(using, lane)


def _give_lane(using: str, lane: str) -> bool:
    first = first_held(using, lane)
    if first is None:
        return False
    first.holds_lane = lane
    first.save(using=using, update_fields=["holds_lane"])
    let_go(using, first)
    return True


def pass_lane(using: str, holder: EffectRun, heir: EffectRun) -> None:
    """Give the lane to another run of it, whatever else waits there. The object's row is locked."""
    if holder.pk == heir.pk:
        return
    lane, holder.holds_lane = holder.holds_lane, None
    holder.save(using=using, update_fields=["holds_lane"])
    heir.holds_lane = lane
    heir.save(using=using, update_fields=["holds_lane"])
    let_go(using, heir)


def queue_again(using: str, run: EffectRun) -> None:
    """Put a locked run that had ended back at its place. The object's row is locked."""
    if run.lane is not None and run.holds_lane is None and not _is_taken(using, run.lane):
        run.holds_lane = run.lane
    run.state = RunState.QUEUED if run.may_go else RunState.HELD
    run.due = database_now(using)
    run.save(using=using)
    admit_later(using, run)


def let_go(using: str, run: EffectRun) -> bool:
    """Queue a held run if its group, its lane and its limit let it go now; whether they did."""
    if run.state != RunState.HELD or not run.may_go:
        admit_later(using, run)
        return False
    run.state = RunState.QUEUED
    mine = EffectRun.objects.using(using).filter(pk=run.pk, state=RunState.HELD)
    return bool(mine.update(state=RunState.QUEUED, due=DatabaseNow()))


def new_run(
    operation: Operation,
    obj: Model,
    effect: Effect,
    position: int,
    lane: str | None,
    *,
    free: bool,
    group: EffectRun | None = None,
    in_turn: bool = True,
) -> EffectRun:
    """A run that is not stored yet; ``free``: its lane is, and it takes that."""
    run = EffectRun(
        operation=operation,
        object_type=operation.object_type,
        object_id=operation.object_id,
        version=operation.version,
        position=position,
        effect=effect.name,
        safety=effect.safety,
        due=DatabaseNow(),
        group=group,
        in_turn=in_turn,
        lane=lane,
        holds_lane=lane if free else None,
        limit_key=limit_key_of(operation.object_type, effect, obj),
        data=frozen_data(obj, effect, operation.data),
    )
    run.state = RunState.QUEUED if run.may_go else RunState.HELD
    return run


def _new_group(
    operation: Operation, group: Group, position: int, around: EffectRun | None, *, in_turn: bool
) -> EffectRun:
    """It keeps how it was declared, so that a later release settles it like this one."""
    return EffectRun(
        operation=operation,
        object_type=operation.object_type,
        object_id=operation.object_id,
        version=operation.version,
        position=position,
        effect=group.way,
        safety=GROUP,
        state=RunState.HELD,
        group=around,
        in_turn=in_turn,
        data=group.frozen(frozenset(around.data["replaces"]) if around else frozenset()),
    )


def frozen_data(obj: Model, effect: Effect, data: Mapping[str, Any]) -> dict[str, Any]:
    """The command's data with the effect's columns laid over, as they are at the commit."""
    columns = {name: obj.serializable_value(name) for name in effect.carries}
    return {**data, **as_json(columns)}


def _is_taken(using: str, lane: str) -> bool:
    return EffectRun.objects.using(using).lane_is_taken(lane)
