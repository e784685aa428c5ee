"""The event: an append-only fact inside an operation that is not a command."""

from django.db import models
from django.utils import timezone

from .columns import ExactField
from .database import ReadsWhatIsWritten
from .identity import uuid7


class EventKind(models.TextChoices):
    """What happened."""

    ATTEMPT = "attempt"  #: an attempt ended; data says how
    LEASE_LOST = "lease_lost"  #: a worker went away in the middle
    PROBED = "probed"  #: the outside was asked what became of it
    CONFIRMED = "confirmed"  #: the outside told what became of it
    UNCONFIRMED = "unconfirmed"  #: nobody has confirmed in time what was accepted
    CONTRADICTED = "contradicted"  #: something speaks against the way it was decided
    LATE_ANSWER = "late_answer"  #: an outcome came from a worker that no longer owned the run
    FOLLOW_UP_UNWANTED = "follow_up_unwanted"  #: finished, but the object had moved on
    FOLLOW_UP_FAILED = "follow_up_failed"  #: the transition that follows could not run yet
    LANE_REPAIRED = "lane_repaired"  #: it waited for nobody; there should be none of these
    FIRED_LATE = "fired_late"  #: a clock fired, long after it had run out
    RESOLVED = "resolved"  #: a person said what happened
    SUPERSEDED = "superseded"  #: a later operation ended it; data says what was left of it
    SKIPPED = "skipped"  #: a person decided to go on without it
    RETRIED = "retried"  #: a person had its next step done now
    REPLAYED = "replayed"  #: a person had it begin again


class Event(models.Model):
    """One fact about a run of an operation."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    object_type = ExactField(max_length=100)
    object_id = ExactField(max_length=100)
    operation = models.ForeignKey(
        "workflows_app.Operation", on_delete=models.PROTECT, related_name="events"
    )
    run = models.ForeignKey(
        "workflows_app.EffectRun", null=True, on_delete=models.PROTECT, related_name="events"
    )
    kind = models.CharField(
        max_length=30
    )  # an EventKind; without choices, a new one migrates nothing
    actor = ExactField(max_length=150)
    data = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    objects = ReadsWhatIsWritten()

    class Meta:
        base_manager_name = "objects"
        default_permissions = ("view",)
        ordering = ("id",)
        indexes = (
            models.Index(fields=("object_type", "object_id", "id"), name="workflows_events_of"),
        )

    def __str__(self) -> str:
        return f"{self.kind} of {self.object_type} {self.object_id}"
