"""Undo: the run that takes back another one, in its place of the lane.

No run has two undos at a time: they are asked for only under the lock of the object, and whoever
has it looks first whether there is one.
"""

from django.db.models import Model

from workflows_app.contract.effects import Effect
from workflows_app.models import EffectRun, Operation, RunState
from workflows_app.models.clock import database_now

from .admit import admit_later, make_room
from .outbox import free_lane, lane_of, new_run


def ask_for_undo(
    using: str, run: EffectRun, effect: Effect | None, operation: Operation, obj: Model
) -> EffectRun | None:
    """Have a run undone by this operation. The object's row is locked.

    None where nothing undoes it, or where that was asked for already.
    """
    undo = effect.undo if effect else None
    if undo is None or is_being_undone(using, run):
        return None
    lane = run.lane or lane_of(operation, undo)
    free = _takes_place(using, run) or not _is_taken(using, lane)
    position = EffectRun.objects.using(using).filter(operation=operation).count()
    asked = new_run(operation, obj, undo, position, lane, free=free)
    asked.undoes = run
    asked.save(using=using, force_insert=True)
    admit_later(using, asked)
    return asked


def follow_superseded(using: str, run: EffectRun, effect: Effect, obj: Model | None) -> None:
    """Undo what turned out done (or waits, where the contract says so already then); an undo that
    was asked for too early is taken back. The object's row is locked.
    """
    waits = run.state == RunState.WAITING and effect.undo_waiting
    if obj is not None and run.superseded_by and (waits or run.state == RunState.DONE):
        ask_for_undo(using, run, effect, run.superseded_by, obj)
    elif run.state == RunState.CANCELLED and effect.undo_waiting:
        _take_back_undo(using, run)


def is_being_undone(using: str, run: EffectRun) -> bool:
    """Whether it has an undo that was not itself cancelled."""
    undos = EffectRun.objects.using(using).filter(undoes=run)
    return undos.exclude(state=RunState.CANCELLED).exists()


def _takes_place(using: str, run: EffectRun) -> bool:
    """Let the run give its place in the lane to its undo; whether it had one."""
    if run.holds_lane is None:
        return False
    run.holds_lane = None
    run.save(using=using, update_fields=["holds_lane"])
    return True


def _is_taken(using: str, lane: str | None) -> bool:
    return lane is not None and EffectRun.objects.using(using).lane_is_taken(lane)


def _take_back_undo(using: str, run: EffectRun) -> None:
    not_begun = {"state__in": (RunState.HELD, RunState.QUEUED), "may_have_happened": False}
    undos = EffectRun.objects.using(using).filter(undoes=run, **not_begun)
    for undo in undos.order_by("pk").select_for_update():
        undo.state, undo.due, undo.finished_at = RunState.CANCELLED, None, database_now(using)
        undo.fence += 1
        undo.save(using=using)
        make_room(using, undo)
        free_lane(using, undo)
