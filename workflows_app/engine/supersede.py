"""Supersession: what an operation ends of the runs that earlier ones asked for.

Whether a run has left is read from its own row, locked. The send marker, a claim and an answer
write that row too: what came first may be outside, what comes after finds it ended.
"""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from workflows_app.contract.effects import Effect, Safety
from workflows_app.contract.registry import Contract, contract_of
from workflows_app.contract.transitions import ANY, Transition
from workflows_app.models import EffectRun, EventKind, FollowUp, Operation, RunState, SupersededAs
from workflows_app.models.clock import database_now
from workflows_app.models.effect_run import GROUP
from workflows_app.models.identity import object_id_of

from .admit import make_room
from .answers import WORKER_LOST, doubt
from .groups import answer, go_on
from .outbox import free_lane
from .queue import wake
from .run_events import write_event
from .undo import ask_for_undo


def supersede_for(using: str, operation: Operation, obj: Any, transition: Transition) -> int:
    """End and undo what the transition says; how many undos that asked for."""
    undone = [effect.name for effect in transition.undoes]
    if isinstance(transition.supersedes, str):
        return supersede(using, operation, obj, ANY, undoing=undone)
    ended = [*(effect.name for effect in transition.supersedes), *undone]
    return supersede(using, operation, obj, ended, undoing=undone) if ended else 0


def supersede(
    using: str,
    operation: Operation,
    obj: Any,
    names: Collection[str],
    *,
    undoing: Collection[str] = (),
) -> int:
    """End the unresolved runs of these effects, and undo the done ones of ``undoing``.

    ``ANY`` names every effect of the operation's workflow, and no undo. The object's row is
    locked; lanes that become free go on. How many undos were asked for.
    """
    contract = contract_of(obj, operation.field)
    runs = _locked(using, operation, contract, names, undoing)
    undos = 0
    for run in reversed(runs):  # the newest is undone first
        effect = contract.effect_named(run.effect)
        if _is_to_be_ended(run):
            _end(using, run, effect, operation)
        if _is_to_be_undone(run, effect, operation, undoing):
            undos += ask_for_undo(using, run, effect, operation, obj) is not None
    for run in runs:
        if run.settled:
            _let_others_go(using, run)
    if runs:
        wake(using)
    return undos


def may_be_outside(run: EffectRun) -> bool:
    """Whether something of this open run may have left, as far as its row can say."""
    if run.state == RunState.RUNNING:
        committed = run.safety == Safety.COMMITTED
        return run.may_have_happened or not committed or run.sent_fence == run.fence
    if run.state == RunState.IN_DOUBT:
        return run.may_have_happened or not _never_arrived(run)
    return run.may_have_happened or run.state == RunState.WAITING


def ended_by_now(
    using: str, contract: Contract, obj: Any, names: Collection[str]
) -> list[tuple[EffectRun, Effect | None, SupersededAs]]:
    """What a supersession of these effects would end as things stand, and what would be left."""
    object_type, object_id = contract.object_type, object_id_of(obj)
    found = _found(using, contract, object_type, object_id, names)
    ended = [run for run in found if run.safety != GROUP and _is_to_be_ended(run)]
    return [(run, contract.effect_named(run.effect), _left_of(run)) for run in ended]


def _locked(
    using: str,
    operation: Operation,
    contract: Contract,
    names: Collection[str],
    undoing: Collection[str],
) -> list[EffectRun]:
    """The runs this is about, under their locks, oldest first.

    None is added meanwhile, because the object is locked; what they are is looked at again.
    """
    about = (operation.object_type, operation.object_id)
    found = {run.pk for run in _found(using, contract, *about, names, undoing)}
    runs = EffectRun.objects.using(using).filter(pk__in=found - _causing(using, operation))
    locked = runs.exclude(operation=operation).order_by("pk").select_for_update()
    return sorted(locked, key=lambda run: (run.version, run.position))


def _found(
    using: str,
    contract: Contract,
    object_type: str,
    object_id: str,
    names: Collection[str],
    undoing: Collection[str] = (),
) -> list[EffectRun]:
    """Unresolved runs of these effects and done ones to be undone, of this workflow, in order."""
    all_of_it = EffectRun.objects.using(using).of(object_type, object_id)
    open_ones = all_of_it.unresolved()
    named = (
        open_ones.filter(undoes=None) if names == ANY else open_ones.filter(_of(contract, names))
    )
    done = all_of_it.filter(_of(contract, undoing), state=RunState.DONE)
    return [
        run
        for run in (named | done).select_related("operation")
        if contract_of(contract.model, run.operation.field) is contract
    ]


def _of(contract: Contract, names: Collection[str]) -> Q:
    """Runs of these effects, under whatever name they had when they were asked for."""
    stored = [
        name
        for name in contract.every_effect_name
        if (effect := contract.effect_named(name)) and effect.name in names
    ]
    return Q(effect__in=stored) & ~Q(safety=GROUP)


def _causing(using: str, operation: Operation) -> set[Any]:
    """The run that led to this operation, at whatever remove: it is about to be followed up.

    A group is settled, and so is everything in it.
    """
    cause = operation.cause
    while cause.startswith("operation:"):
        before = Operation.objects.using(using).filter(pk=cause.removeprefix("operation:"))
        cause = before.values_list("cause", flat=True).first() or ""
    return _with_members(using, cause) if cause.startswith("run:") else set()


def _with_members(using: str, cause: str) -> set[Any]:
    found, within = set[Any](), {UUID(cause.removeprefix("run:"))}
    while within:
        found |= within
        members = EffectRun.objects.using(using).filter(group__in=within)
        within = set(members.values_list("pk", flat=True))
    return found


def _let_others_go(using: str, run: EffectRun) -> None:
    """The next of its lane, of its limit; its group, which the sweep follows up if need be."""
    make_room(using, run)
    if run.group_id is not None or run.safety == GROUP:
        go_on(using, run)
        answer(using, run)
    else:
        free_lane(using, run)


def _is_to_be_ended(run: EffectRun) -> bool:
    """Whether it is open, holds its lane, or something is still to follow, and nothing ended it."""
    if run.superseded_by_id is not None:
        return False
    to_follow = run.follow_up in (FollowUp.PENDING, FollowUp.DEAD)
    dead = run.state == RunState.FAILED and run.follow_up == FollowUp.NONE
    return not run.settled or to_follow or dead


def _left_of(run: EffectRun) -> SupersededAs:
    left = run.state == RunState.DONE or (not run.settled and may_be_outside(run))
    return SupersededAs.ALREADY_SENT if left else SupersededAs.CANCELLED


def _end(using: str, run: EffectRun, effect: Effect | None, operation: Operation) -> None:
    """Mark the run as superseded, and settle what can be settled now."""
    was = run.state
    run.superseded_by, run.superseded_as = operation, _left_of(run)
    if run.state == RunState.DONE:  # what happened stays true, but nothing follows from it
        run.follow_up = FollowUp.UNWANTED
    elif run.superseded_as == SupersededAs.CANCELLED:
        _stop(run)
        run.state, run.due, run.holds_slot = RunState.CANCELLED, None, None
        run.finished_at, run.follow_up = run.finished_at or timezone.now(), FollowUp.NONE
    elif _is_not_under_way(run):  # it would be sent again, so what it did is to be found out
        _stop(run)
        _put_in_doubt(using, run, effect)
    run.save(using=using)
    if run.safety == GROUP:  # what people hear of is its members
        return
    told = {"as": run.superseded_as, "was": was, "by": str(operation.pk)}
    write_event(using, run, EventKind.SUPERSEDED, operation.actor, **told)


def _never_arrived(run: EffectRun) -> bool:
    """Whether the probe has found that, so that only a person could have it sent again."""
    return run.failure is not None and run.failure["kind"] == "not_sent"


def _is_not_under_way(run: EffectRun) -> bool:
    """Whether no attempt of it is outside now, though an earlier one may have been."""
    unmarked = run.safety == Safety.COMMITTED and run.sent_fence != run.fence
    queued = run.state in (RunState.HELD, RunState.QUEUED)
    return queued or (run.state == RunState.RUNNING and unmarked)


def _stop(run: EffectRun) -> None:
    """Fence out whoever may have claimed it."""
    run.fence += 1
    run.lease_until = None


def _put_in_doubt(using: str, run: EffectRun, effect: Effect | None) -> None:
    run.state, run.probes, run.due, run.deadline = RunState.IN_DOUBT, 0, None, None
    if effect:
        doubted = doubt(effect, WORKER_LOST, database_now(using))
        run.due, run.deadline = doubted.due, doubted.deadline


def _is_to_be_undone(
    run: EffectRun, effect: Effect | None, operation: Operation, undoing: Collection[str]
) -> bool:
    """Whether its outcome is known (or need not be), and this operation wants it undone."""
    if effect is None:
        return False
    mine = run.superseded_by_id == operation.pk
    if run.state == RunState.WAITING:
        return mine and effect.undo_waiting
    return run.state == RunState.DONE and (mine or effect.name in undoing)
