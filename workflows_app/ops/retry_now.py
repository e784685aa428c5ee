"""A person has the next step of a run done now, instead of when it is due."""

from collections.abc import Collection
from typing import Any

from workflows_app.engine.run_events import write_event
from workflows_app.failures import NotAllowed
from workflows_app.models import EffectRun, EventKind, FollowUp, Operation, RunState
from workflows_app.models.clock import database_now
from workflows_app.models.database import database_of

from .decision import Said
from .run_decision import decide_about, effect_of


def retry_now(
    run: EffectRun,
    *,
    by: Any,
    reason: str,
    version: int | Collection[int] | None = None,
    key: str | None = None,
) -> Operation:
    """Have done now what a run waits for: its next attempt, question to the probe, or follow-up.

    Nothing else changes: not its key, not how often it may still be tried. Needs
    ``workflows_app.retry_run``. Raises NotAllowed where nothing is to come by itself (what ended
    begins again with ``replay()``), Forbidden, Invalid, Stale, KeyReused.
    """
    using = database_of(EffectRun)

    def act(run: EffectRun, obj: Any, operation: Operation) -> None:
        waits = run.state in (RunState.WAITING, RunState.IN_DOUBT)
        now = database_now(using)
        if run.follow_up == FollowUp.PENDING and run.follow_up_due is not None:
            run.follow_up_due = now
        elif run.state == RunState.QUEUED or (waits and effect_of(obj, run).probe):
            run.due = now
        else:
            state = run.get_state_display().lower()
            raise NotAllowed(f"This run is {state}; there is nothing that could be done now.")
        write_event(using, run, EventKind.RETRIED, operation.actor, was=run.state)
        run.save(using=using, update_fields=["due", "follow_up_due"])

    said = Said(by, reason, version, key)
    return decide_about("retry_now", run, said, "workflows_app.retry_run", {}, act)
