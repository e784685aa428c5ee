"""Whether the work gets done: how late the oldest due run is, and who is there to perform it."""

from dataclasses import dataclass
from datetime import timedelta

from workflows_app.models import WorkerBeat
from workflows_app.models.clock import database_now

from .look import until_due

NOTHING = timedelta(0)


@dataclass(frozen=True)
class Health:
    """What a probe needs: how late the oldest due run is, and how long ago a worker beat."""

    lag: timedelta
    beat: timedelta | None

    def complaints(self, *, max_lag: timedelta, max_beat: timedelta) -> list[str]:
        """What is wrong, in plain words; empty when nothing is."""
        found = []
        if self.lag > max_lag:
            found.append(f"The oldest due effect is {_words(self.lag)} late.")
        if self.beat is None:
            found.append("No worker is running: start `manage.py workflows_worker`.")
        elif self.beat > max_beat:
            found.append(f"No worker was heard of for {_words(self.beat)}.")
        return found

    def summary(self) -> str:
        """Both numbers, in plain words."""
        due = f"the oldest due effect is {_words(self.lag)} late" if self.lag else "nothing is late"
        beat = "never" if self.beat is None else f"{_words(self.beat)} ago"
        return f"Last heartbeat: {beat}; {due}."


def health(using: str) -> Health:
    """Look at the rows of one database."""
    until = until_due(using)
    lag = NOTHING if until is None else max(NOTHING, -until)
    last = WorkerBeat.objects.using(using).order_by("-beat_at").first()
    beat = None if last is None else max(NOTHING, database_now(using) - last.beat_at)
    return Health(lag, beat)


def _words(time: timedelta) -> str:
    seconds = time.total_seconds()
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} seconds"
