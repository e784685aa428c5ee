"""What the outside says of a run that is no worker's: by its probe, or by a message."""

from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from workflows_app.contract.effects import Effect, Safety
from workflows_app.failures import Recorded
from workflows_app.models import EffectRun, EventKind, RunState
from workflows_app.models.clock import database_now

from .answers import (
    Answer,
    Dead,
    Done,
    Failed,
    Happened,
    InDoubt,
    Taken,
    Verdict,
    judge,
    waiting,
)
from .evidence import contradict, told
from .follow_up import is_unconfirmed
from .run_events import write_event
from .settle import conclude
from .signals import attempt_answered

NEVER_ARRIVED = Recorded("never_arrived", "The other side says that it never arrived.", "not_sent")


class Told(StrEnum):
    """What came of what the outside said."""

    SETTLED = "settled"  #: it counted
    KNOWN = "known"  #: it said nothing new
    LATER = "later"  #: it cannot count yet: say it again
    CONTRADICTS = "contradicts"  #: it was decided otherwise: an incident now


def settle_from_outside(
    using: str,
    run: EffectRun,
    effect: Effect,
    answer: Answer,
    obj: Any,
    *,
    kind: EventKind,
    actor: str = "",
    evidence: dict[str, Any] | None = None,
) -> Told:
    """Let what the outside said count, whatever has become of the run meanwhile.

    In the caller's transaction, who has locked the object (None where it is gone) and then the
    run, freshly read. ``evidence`` stands in the event: ids, no payloads.
    """
    said = {**told(answer), **(evidence or {})}
    if run.state in (RunState.RUNNING, RunState.HELD) or never_sent(run):
        return Told.LATER
    if run.state not in (RunState.WAITING, RunState.IN_DOUBT, RunState.QUEUED):
        if _denies(run, answer):
            contradict(using, run, {"by": kind, **said}, actor=actor)
            return Told.CONTRADICTS
        write_event(using, run, kind, actor, **said, counts=False)
        return Told.KNOWN
    verdict = judge_told(run, effect, answer, database_now(using))
    if verdict is None:
        write_event(using, run, kind, actor, **said, counts=False)
        return Told.KNOWN
    write_event(using, run, kind, actor, **said)
    attempt_answered.send(EffectRun, run=run, effect=effect, answer=answer)
    conclude_told(using, run, effect, verdict, obj)
    return Told.SETTLED


def never_sent(run: EffectRun) -> bool:
    """Whether it is in the queue, and no attempt was made yet."""
    return run.state == RunState.QUEUED and run.attempts == 0


def judge_told(run: EffectRun, effect: Effect, answer: Answer, now: datetime) -> Verdict | None:
    """What it means for an open run; None where it says nothing new."""
    if isinstance(answer, Happened):
        return Done(answer.result)
    if isinstance(answer, Taken):
        return None if _is_accepted_already(run) else waiting(effect, answer, now)
    if answer.failure.kind == "rejected":
        return Dead(answer.failure)
    if answer.failure.kind == "unknown" or run.state == RunState.QUEUED:
        return None
    return _judge_never_arrived(run, effect, answer, now)


def conclude_told(using: str, run: EffectRun, effect: Effect, verdict: Verdict, obj: Any) -> None:
    """Store the verdict, which leaves no doubt behind unless it is one."""
    if not isinstance(verdict, InDoubt) or verdict.failure.kind != "unknown":
        run.may_have_happened = False
    conclude(using, run, effect, verdict, obj)


def _is_accepted_already(run: EffectRun) -> bool:
    """What was accepted and not confirmed in time does not begin to wait once more."""
    late = run.state == RunState.IN_DOUBT and is_unconfirmed(run)
    return late or run.state == RunState.WAITING


def _judge_never_arrived(run: EffectRun, effect: Effect, answer: Failed, now: datetime) -> Verdict:
    """Sent again where the contract says so or it does no harm; otherwise a person decides."""
    failure = replace(NEVER_ARRIVED, facts={"said": answer.failure.code})
    if not (effect.resend_after_probe or effect.safety is Safety.REPLAY_SAFE):
        return InDoubt(failure)
    run.may_have_happened = False
    return judge(run, effect, Failed(failure, answer.retry_after), now)


def _denies(run: EffectRun, answer: Answer) -> bool:
    """Whether a decided run was decided otherwise. That it was accepted settles nothing."""
    if isinstance(answer, Failed):
        return run.state == RunState.DONE and answer.failure.kind != "unknown"
    return isinstance(answer, Happened) and run.state != RunState.DONE
