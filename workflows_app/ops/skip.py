"""A person lets an object go on without a run."""

from collections.abc import Collection
from typing import Any

from django.utils import timezone

from workflows_app.engine.run_events import write_event
from workflows_app.engine.settle import let_others_go
from workflows_app.failures import NotAllowed
from workflows_app.models import EffectRun, EventKind, FollowUp, Operation, RunState
from workflows_app.models.database import database_of
from workflows_app.models.effect_run import GROUP

from .decision import Said
from .run_decision import decide_about


def skip(
    run: EffectRun,
    *,
    by: Any,
    reason: str,
    version: int | Collection[int] | None = None,
    key: str | None = None,
) -> Operation:
    """Let the object go on without a run that failed, waits, is in doubt, lost, or has not begun.

    Nothing follows from a skipped run, and its lane is free. A run that is done, but whose
    follow-up is dead, stays done without it; one that was decided, and that something speaks
    against, stays as it is. Needs ``workflows_app.skip_run``.
    Raises NotAllowed for a run that is under way or settled, Forbidden, Invalid, Stale, KeyReused.
    """
    using = database_of(EffectRun)

    def act(run: EffectRun, obj: Any, operation: Operation) -> None:
        if not _can_be_skipped(using, run):
            state = run.get_state_display().lower()
            raise NotAllowed(f"This run is {state}; it cannot be skipped.")
        write_event(using, run, EventKind.SKIPPED, operation.actor, was=run.state)
        spoken_against, run.contradiction = run.contradiction is not None, None
        if not (spoken_against and _is_decided(run)):
            _skip(run)
        run.save(using=using)
        let_others_go(using, run, obj)

    said = Said(by, reason, version, key)
    return decide_about("skip", run, said, "workflows_app.skip_run", {}, act)


def _skip(run: EffectRun) -> None:
    if run.state == RunState.DONE:  # what happened stays true; only its follow-up is given up
        run.follow_up = FollowUp.UNWANTED
    else:
        run.state, run.follow_up, run.lease_until = RunState.SKIPPED, FollowUp.NONE, None
        run.due, run.holds_slot = None, None
        run.fence += 1
    run.finished_at = run.finished_at or timezone.now()


def _can_be_skipped(using: str, run: EffectRun) -> bool:
    if run.contradiction is not None and run.state != RunState.RUNNING:
        return True
    if run.safety == GROUP:  # its members are what can be left out
        return run.follow_up == FollowUp.DEAD
    if run.state == RunState.RUNNING:  # lost: its worker is gone, and perhaps its code too
        return EffectRun.objects.using(using).lost().filter(pk=run.pk).exists()
    if run.state == RunState.FAILED:
        return run.follow_up not in (FollowUp.DONE, FollowUp.UNWANTED)
    by_itself = (RunState.HELD, RunState.QUEUED, RunState.WAITING, RunState.IN_DOUBT)
    return run.state in by_itself or run.follow_up == FollowUp.DEAD


def _is_decided(run: EffectRun) -> bool:
    """Whether nothing is left of it that could be skipped."""
    to_follow = run.follow_up in (FollowUp.PENDING, FollowUp.DEAD)
    dead = run.state == RunState.FAILED and run.follow_up == FollowUp.NONE
    return run.settled and not (to_follow or dead)
