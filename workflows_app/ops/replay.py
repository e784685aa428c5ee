"""Replay: a person has a business step begin again, with its old intent or as a new one."""

from collections.abc import Collection
from typing import Any

from workflows_app.conf import settings
from workflows_app.contract.effects import Effect, Safety
from workflows_app.contract.registry import contract_of
from workflows_app.engine.outbox import queue_again
from workflows_app.engine.run_events import write_event
from workflows_app.engine.undo import is_being_undone
from workflows_app.failures import NotAllowed
from workflows_app.models import EffectRun, EventKind, FollowUp, Operation, RunState
from workflows_app.models.clock import database_now
from workflows_app.models.database import database_of
from workflows_app.models.effect_run import GROUP

from .decision import Said, decide, refuse_without
from .run_decision import effect_of, object_behind, refuse_superseded

PERMISSION, ANEW = "workflows_app.replay_run", "workflows_app.replay_run_anew"


def replay(
    what: EffectRun | Operation,
    *,
    by: Any,
    reason: str,
    new_intent: bool = False,
    version: int | Collection[int] | None = None,
    key: str | None = None,
) -> Operation:
    """Have a run that failed begin again; of an operation: everything that failed in it.

    The intent is the same: the key is kept, so a keyed effect is refused once the remote may have
    forgotten it. A follow-up that is dead is tried again, and its run is left alone.
    ``new_intent`` does the step once more under a new key, also where it is done: for a person who
    knows that it is wanted a second time. Needs ``workflows_app.replay_run``, for a new intent
    ``workflows_app.replay_run_anew``. Raises NotAllowed (nothing has failed; it was superseded or
    undone; the key is too old; what follows is not possible any more), Forbidden, Invalid, Stale,
    KeyReused.
    """
    refuse_without(by, ANEW if new_intent else PERMISSION)
    using = database_of(EffectRun)
    field = what.operation.field if isinstance(what, EffectRun) else what.field
    contract, obj = object_behind(what.object_type, what.object_id, field)
    step = _anew if new_intent else _again

    def act(operation: Operation, locked: Any) -> None:
        for run in _locked(using, what):
            refuse_superseded(run)
            step(using, run, locked)
            told = {"was": run.state, "new_intent": new_intent, "key": run.key}
            write_event(using, run, EventKind.REPLAYED, operation.actor, **told)

    data = {**_about(what), "new_intent": new_intent}
    return decide("replay", obj, contract, Said(by, reason, version, key), data, act=act)


def _about(what: EffectRun | Operation) -> dict[str, str]:
    if isinstance(what, EffectRun):
        return {"run": str(what.pk), "effect": what.effect}
    return {"operation": str(what.pk)}


def _locked(using: str, what: EffectRun | Operation) -> list[EffectRun]:
    """The run, or the failed ones of the operation, under their locks."""
    runs = EffectRun.objects.using(using).select_for_update().order_by("pk")
    if isinstance(what, EffectRun):
        return [runs.get(pk=what.pk)]
    found = [run for run in runs.filter(operation=what) if _has_failed(run)]
    if not found:
        raise NotAllowed("Nothing has failed in this operation.")
    return found


def _has_failed(run: EffectRun) -> bool:
    failed = run.state == RunState.FAILED and run.safety != GROUP
    return run.superseded_by_id is None and (failed or run.follow_up == FollowUp.DEAD)


def _again(using: str, run: EffectRun, obj: Any) -> None:
    """The same intent: the key is kept."""
    if run.follow_up == FollowUp.DEAD:
        _follow_up_again(using, run)
        return
    if run.state != RunState.FAILED:
        state = run.get_state_display().lower()
        raise NotAllowed(f"This run is {state}; only what failed begins again.")
    _refuse_ended_group(run)
    effect = effect_of(obj, run)
    _refuse_expired(using, run, effect)
    _refuse_dead_end(obj, effect)
    kept = run.first_attempt_at if effect.safety is Safety.KEYED else None
    _begin_again(using, run, first_attempt_at=kept)


def _anew(using: str, run: EffectRun, obj: Any) -> None:
    """Another intent: a new key, as if it had never been asked for."""
    if run.state not in (RunState.FAILED, RunState.DONE, RunState.SKIPPED):
        state = run.get_state_display().lower()
        raise NotAllowed(f"This run is {state}; only what ended is done once more.")
    if is_being_undone(using, run):
        raise NotAllowed("It was undone; give a command that asks for it again.")
    _refuse_ended_group(run)
    _refuse_dead_end(obj, effect_of(obj, run))
    run.generation += 1
    run.reference, run.may_have_happened = None, False
    _begin_again(using, run, first_attempt_at=None)


def _follow_up_again(using: str, run: EffectRun) -> None:
    run.follow_up, run.follow_up_attempts = FollowUp.PENDING, 0
    run.follow_up_due = database_now(using)
    run.save(using=using)


def _begin_again(using: str, run: EffectRun, *, first_attempt_at: Any) -> None:
    run.attempts = run.leases_lost = run.follow_up_attempts = 0
    run.first_attempt_at, run.finished_at, run.follow_up = first_attempt_at, None, FollowUp.NONE
    run.sent_at = run.sent_fence = run.result = run.contradiction = None
    queue_again(using, run)


def _refuse_ended_group(run: EffectRun) -> None:
    """What follows from a group has followed: nothing of it begins again by itself."""
    if run.safety == GROUP or (run.group is not None and run.group.settled):
        raise NotAllowed("Its group has ended; give a command that asks for all of it again.")


def _refuse_expired(using: str, run: EffectRun, effect: Effect) -> None:
    if effect.window is None or run.first_attempt_at is None:
        return
    if database_now(using) >= run.first_attempt_at + effect.window - settings.LEASE:
        raise NotAllowed(
            "The other side may have forgotten its key by now, so the same could happen twice;"
            " find out, and then say that it is a new intent."
        )


def _refuse_dead_end(obj: Any, effect: Effect) -> None:
    """Doing it, although nothing could follow where the object stands now, helps nobody."""
    if effect.then is None:
        return
    then = contract_of(obj).all_transitions[effect.then]
    contract = contract_of(obj, then.field)
    here = contract.state_of(obj)
    if here not in then.sources:
        label = contract.state(here).label
        raise NotAllowed(
            f"When it is done, {then.label} follows, which is not possible from {label}; give a"
            " command that asks for it again."
        )
