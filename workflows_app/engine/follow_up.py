"""Follow-ups: the transition that an outcome asks for, tried again until it is settled too."""

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from django.db import connections, transaction

from workflows_app.contract.data import keep_declared
from workflows_app.contract.effects import Effect
from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import contract_of
from workflows_app.failures import NotAllowed, Recorded, Refused
from workflows_app.models import EffectRun, EventKind, FollowUp, RunState
from workflows_app.models.clock import database_now
from workflows_app.models.effect_run import GROUP

from .accept import execute
from .locking import is_passing
from .request import Cause
from .run_events import write_event
from .traces import untold

logger = logging.getLogger("workflows_app")

FOLLOW_UP_TRIES = 5
FOLLOW_UP_FIRST_PAUSE = timedelta(seconds=2)
#: After a look at something that only the code of another release can do.
SNOOZE = timedelta(seconds=30)

NOT_CONFIRMED = Recorded(
    "not_confirmed", "It was accepted, and nobody has confirmed it in time.", "unknown"
)


def follow_up(using: str, run: EffectRun, effect: Effect | None, obj: Any) -> None:
    """Run the transition that follows, in a savepoint: its refusal never undoes the outcome."""
    name = follow_up_of(run, effect)
    if obj is not None and not _can_judge(obj, name):
        logger.error("run %s: this worker's code cannot say whether %s may follow", run.id, name)
        _save(using, run, follow_up_due=database_now(using) + SNOOZE)
        return
    run.follow_up_attempts += 1
    try:
        with transaction.atomic(using=using):
            _run_follow_ups(run, effect, name, obj)
    except NotAllowed as refusal:
        _follow_up_ended(using, run, FollowUp.UNWANTED, EventKind.FOLLOW_UP_UNWANTED, refusal)
    except Exception as error:
        if connections[using].needs_rollback:  # MariaDB ends the whole transaction of a deadlock
            raise
        _log(name, run, error)
        _follow_up_later(using, run, error)
    else:
        _save(using, run, follow_up=FollowUp.DONE)


def follow_up_of(run: EffectRun, effect: Effect | None) -> str:
    """The transition that follows where the run stands now; after a superseded one, ``""``."""
    if run.superseded_by_id:
        return ""
    if run.safety == GROUP:
        return str(run.data.get(_WORDS.get(RunState(run.state), ""), ""))
    return "" if effect is None else _named(run, effect)


_WORDS = {RunState.DONE: "then", RunState.FAILED: "otherwise"}


def _named(run: EffectRun, effect: Effect) -> str:
    """What the effect names, where no group around it says its own. What is done was accepted."""
    state = RunState(run.state)
    word = _WORDS.get(state, "")
    said = None if _group_says(run, word) else getattr(effect, word, None)
    if state in (RunState.WAITING, RunState.DONE):
        return said or effect.accepted_then or ""
    if state == RunState.IN_DOUBT and is_unconfirmed(run) and effect.confirmed_by:
        return effect.confirmed_by.otherwise or ""
    return said or ""


def is_unconfirmed(run: EffectRun) -> bool:
    """Whether it was accepted, and nobody has confirmed it in time."""
    return run.failure is not None and run.failure["code"] == NOT_CONFIRMED.code


def _group_says(run: EffectRun, word: str) -> bool:
    """Whether a group around it says itself what follows, in the place of its members."""
    return run.group is not None and word in run.group.data["replaces"]


def _can_judge(obj: Any, name: str) -> bool:
    """Whether this code has the transition it names, and the state the object stands in.

    If not, another release moved the object, and a refusal by this one would mean nothing.
    """
    transition = contract_of(obj).all_transitions.get(name)
    contract = contract_of(obj, transition.field if transition else "")
    has_it = not name or transition is not None
    return has_it and contract.knows(contract.stored_state_of(obj))


def _run_follow_ups(run: EffectRun, effect: Effect | None, name: str, obj: Any) -> None:
    """The transition that follows; before what follows the end, what follows the acceptance.

    That one has run already, as a rule: then its key is answered with the first operation.
    """
    if obj is None:
        raise NotAllowed("The object does not exist any more.")
    before = effect.accepted_then if effect and run.state == RunState.DONE else None
    if before and before != name:
        with suppress(NotAllowed):
            _run_follow_up(run, before, obj, _of_the_acceptance(run))
    brings = _of_the_acceptance(run) if run.state == RunState.WAITING else run.result
    _run_follow_up(run, name, obj, brings)


def _run_follow_up(run: EffectRun, name: str, obj: Any, brings: dict[str, Any] | None) -> None:
    transition = contract_of(obj).all_transitions[name]
    transition = transition.at(contract_of(obj, transition.field).state_of(obj))
    failure = None if run.failure is None else Recorded(**run.failure)
    execute(
        getattr(obj, name),
        by=SYSTEM,
        data=keep_declared(transition.data, brings),
        key=f"run:{run.key}:{transition.every_name[0]}",
        cause=Cause(run.as_cause(), failure, run.result),
        traceparent=run.operation.traceparent,
    )


def _of_the_acceptance(run: EffectRun) -> dict[str, Any]:
    """What the outside calls it, and what it has said since."""
    return {"reference": run.reference, **(run.result or {})}


def _follow_up_later(using: str, run: EffectRun, error: Exception) -> None:
    if is_passing(error):  # the database was busy, which says nothing against the transition
        run.follow_up_attempts -= 1
    if run.follow_up_attempts >= FOLLOW_UP_TRIES:
        _follow_up_ended(using, run, FollowUp.DEAD, EventKind.FOLLOW_UP_FAILED, error)
        return
    pause = FOLLOW_UP_FIRST_PAUSE * 3 ** max(0, run.follow_up_attempts - 1)
    at: datetime = database_now(using) + pause
    _save(using, run, follow_up_due=at)
    write_event(using, run, EventKind.FOLLOW_UP_FAILED, **_about(error), next_at=at.isoformat())


def _follow_up_ended(
    using: str, run: EffectRun, follow_up: FollowUp, kind: EventKind, error: Exception
) -> None:
    _save(using, run, follow_up=follow_up)
    write_event(using, run, kind, **_about(error), next_at=None)


def _save(using: str, run: EffectRun, **columns: Any) -> None:
    for name, value in columns.items():
        setattr(run, name, value)
    run.save(using=using, update_fields=["follow_up_attempts", *columns])


def _log(name: str, run: EffectRun, error: Exception) -> None:
    """A refusal has a code; only what nobody expected is logged with its trace."""
    trace = None if isinstance(error, Refused) else untold(error)
    code = _about(error)["code"]
    logger.warning("follow-up %s of run %s: %s", name, run.id, code, exc_info=trace)


def _about(error: Exception) -> dict[str, str]:
    if isinstance(error, Refused):
        return {"code": error.code, "detail": error.detail}
    return {"code": "unexpected_error", "detail": f"{type(error).__name__} was raised."}
