"""Events of runs: the facts about a run that no command tells."""

from typing import Any

from django.db import connections
from django.utils import timezone

from workflows_app.models import EffectRun, Event, EventKind


def write_event(using: str, run: EffectRun, kind: EventKind, actor: str = "", **data: Any) -> None:
    """Append a fact about the run."""
    event = Event(kind=kind, actor=actor or "system", data=data, at=timezone.now(), **run.fact())
    database, columns = connections[using], Event._meta.concrete_fields
    with database.cursor() as cursor:
        cursor.execute(
            _INSERT,
            [one.get_db_prep_save(getattr(event, one.attname), database) for one in columns],
        )


# Plain SQL: every attempt writes one, and building the statement costs more than its work.
_INSERT = (
    f"INSERT INTO {Event._meta.db_table}"  # noqa: S608  only names of our own columns
    f" ({', '.join(str(one.column) for one in Event._meta.concrete_fields)})"
    f" VALUES ({', '.join('%s' for _ in Event._meta.concrete_fields)})"
)


def done_attempt(run: EffectRun, seconds: float) -> dict[str, Any]:
    """What the event of an attempt says that went well."""
    return {
        "attempt": run.attempts,
        "fence": run.fence,
        "outcome": "done",
        "failure": None,
        "seconds": round(seconds, 3),
        "next_attempt_at": None,
    }
