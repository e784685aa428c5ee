"""Evidence: what is heard of a run after somebody else has decided about it."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from django.db.models import F
from django.utils import timezone

from workflows_app.contract.effects import Safety
from workflows_app.models import EffectRun, EventKind, RunState

from .answers import Answer, Failed, Happened, Taken
from .run_events import write_event


def lock_what_it_settles(using: str, run: EffectRun, answer: Answer) -> EffectRun | None:
    """The run as it is, locked, where this late answer says more than is known: facts beat guesses.

    It is in doubt, or waits, under this very sending; or it happened, and the run is about to be
    sent again.
    """
    mine = EffectRun.objects.using(using).filter(pk=run.pk, generation=run.generation)
    for open_one in _settled_by(mine, run, answer):
        if open_one.update(fence=F("fence")):
            return mine.select_related("operation").get()
    return None


def _settled_by(mine: Any, run: EffectRun, answer: Answer) -> Iterator[Any]:
    """How the run may stand for this answer to settle it."""
    kind = answer.failure.kind if isinstance(answer, Failed) else ""
    sent = mine.filter(sent_fence=run.fence)
    if kind != "unknown":
        yield sent.filter(state=RunState.IN_DOUBT)
    if isinstance(answer, Happened) or kind == "rejected":
        yield sent.filter(state=RunState.WAITING)
    if run.safety == Safety.COMMITTED and not isinstance(answer, Failed):
        yield mine.filter(state=RunState.QUEUED)


def hear_late(using: str, run: EffectRun, answer: Answer) -> None:
    """Note the answer of a worker that was too late; what it contradicts is an incident."""
    said = {"attempt": run.attempts, **told(answer)}
    write_event(using, run, EventKind.LATE_ANSWER, **said)
    stored = EffectRun.objects.using(using).select_for_update().get(pk=run.pk)
    if _speaks_against(stored, run, answer):
        contradict(using, stored, {"by": "late_answer", **said})


def contradict(using: str, run: EffectRun, evidence: dict[str, Any], *, actor: str = "") -> None:
    """Keep what speaks against the way the locked run was decided, until a person has looked."""
    run.contradiction = {"at": timezone.now().isoformat(), "state": run.state, **evidence}
    run.save(using=using, update_fields=["contradiction"])
    write_event(using, run, EventKind.CONTRADICTED, actor, state=run.state, **evidence)


def told(answer: Answer) -> dict[str, Any]:
    """An answer as events tell it."""
    if isinstance(answer, Failed):
        return {"outcome": "failed", "failure": asdict(answer.failure)}
    return {"outcome": "accepted" if isinstance(answer, Taken) else "done", "failure": None}


def _speaks_against(stored: EffectRun, answered: EffectRun, answer: Answer) -> bool:
    """Whether what was decided meanwhile and this answer cannot both be true, or it was done twice.

    A second time under the same key, or of what is harmless to repeat, is no second time.
    """
    if stored.safety == Safety.REPLAY_SAFE:
        return False
    same_attempt = stored.attempts == answered.attempts
    if isinstance(answer, Happened | Taken):
        given_up = (RunState.FAILED, RunState.SKIPPED, RunState.CANCELLED)
        twice = stored.safety == Safety.COMMITTED and not same_attempt
        return stored.state in given_up or (twice and stored.state != RunState.HELD)
    return answer.failure.kind != "unknown" and stored.state == RunState.DONE and same_attempt
