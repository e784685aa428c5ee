"""Events of runs: the facts about a run that no command tells."""

from typing import Any

from django.utils import timezone

from workflows_app.models import EffectRun, Event, EventKind


def write_event(using: str, run: EffectRun, kind: EventKind, actor: str = "", **data: Any) -> None:
    """Append a fact about the run."""
    Event.objects.using(using).create(
        kind=kind, actor=actor or "system", data=data, at=timezone.now(), **run.fact()
    )


def done_attempt(run: EffectRun, seconds: float) -> dict[str, Any]:
    """What the event of an attempt says that went well."""
    return {
        "attempt": run.attempts,
        "outcome": "done",
        "failure": None,
        "seconds": round(seconds, 3),
        "next_attempt_at": None,
    }
