"""The timer: a clock of one object, wound up when its state was entered."""

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import Min

from .clock import DatabaseNow, database_now
from .columns import ExactField, IndexOfGiven, IndexOfSome
from .database import ReadsWhatIsWritten
from .identity import uuid7


class TimerState(models.TextChoices):
    """Where a timer stands."""

    RUNNING = "running"  #: it fires when due
    REFUSED = "refused"  #: due, and not possible as the object is: a change is waited for
    PAUSED = "paused"  #: it stands still, with what is left
    FIRED = "fired"  #: what it is for was done
    CANCELLED = "cancelled"  #: its states were left before


class TimerQuerySet(models.QuerySet["Timer"]):
    """Questions people and workers ask of timers."""

    def live_of(self, object_type: str, object_id: str) -> "list[Timer]":
        """Those of one object that belong to the state it is in, fired ones too.

        Plain SQL: every command asks this, and every answer to one.
        """
        return list(self.raw(_LIVE_OF, [object_type, object_id]))

    def to_fire(self) -> "TimerQuerySet":
        """Due, and to be asked by a worker now."""
        return self.filter(state=TimerState.RUNNING, ask_at__lte=DatabaseNow())

    def refused(self) -> "TimerQuerySet":
        """Due and refused so far, the one that was asked longest ago first."""
        return self.filter(state=TimerState.REFUSED).order_by("ask_at")

    def overdue(self) -> "TimerQuerySet":
        """Due and not fired, whatever the reason."""
        return self.filter(due__lte=DatabaseNow())

    def next_due(self) -> timedelta | None:
        """The time until a worker has to ask one; zero or less: now; None: there is none."""
        at = self.filter(state=TimerState.RUNNING).aggregate(at=Min("ask_at"))["at"]
        return None if at is None else at - database_now(self.db)


class Timer(models.Model):
    """One clock of one object, from the state it began in to the one that ends it."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    object_type = ExactField(max_length=100)
    object_id = ExactField(max_length=100)
    field = models.CharField(max_length=50)
    clock = models.CharField(max_length=100)
    then = models.CharField(max_length=100)
    state = models.CharField(max_length=10)  # of TimerState
    #: True as long as the clock's states last, then NULL: one of a name is live at a time.
    live = models.BooleanField(null=True, default=True)
    #: Since when the amount counts; and what of it was spent before, between two pauses.
    counts_from = models.DateTimeField(null=True)
    spent = models.DurationField(default=timedelta)
    left = models.DurationField(null=True)  # of one that stands still
    due = models.DateTimeField(null=True)  # of one that is running or refused
    #: When a worker asks it (again); of a refused one: when it was asked last.
    ask_at = models.DateTimeField(null=True)
    asked = models.PositiveIntegerField(default=0)  # since it is due, or the object changed
    #: Why it did not fire when it was asked last: code, detail, reasons.
    failure = models.JSONField(null=True)
    fired = models.PositiveIntegerField(default=0)  # how often
    fired_at = models.DateTimeField(null=True)

    objects = ReadsWhatIsWritten.from_queryset(TimerQuerySet)()

    class Meta:
        base_manager_name = "objects"
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(
                fields=("object_type", "object_id", "field", "clock", "live"),
                name="workflows_one_live_timer",
            ),
        )
        indexes = (
            IndexOfSome(
                fields=("ask_at", "id"), name="workflows_timers_to_fire", only=("state", "running")
            ),
            IndexOfSome(
                fields=("ask_at",), name="workflows_timers_refused", only=("state", "refused")
            ),
            IndexOfGiven(fields=("due",), name="workflows_timers_due"),
        )

    def __str__(self) -> str:
        return f"{self.clock} of {self.object_type} {self.object_id}"

    def as_cause(self) -> str:
        """How an operation names this timer."""
        return f"timer:{self.id}"

    def reasons(self) -> list[dict[str, Any]]:
        """Why it did not fire when it was asked last, each with code and detail."""
        return list((self.failure or {}).get("reasons", ()))


_LIVE_OF = f"""
SELECT * FROM {Timer._meta.db_table} WHERE object_type = %s AND object_id = %s AND live
"""  # noqa: S608  our own table
