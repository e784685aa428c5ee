"""The message: one thing received from outside, once. The inbox row."""

from datetime import timedelta

from django.db import models
from django.db.models import Min
from django.utils import timezone

from .clock import DatabaseNow, database_now
from .columns import ExactField
from .database import ReadsWhatIsWritten
from .identity import uuid7


class MessageState(models.TextChoices):
    """What has become of a message."""

    STORED = "stored"  #: nobody has looked yet for whom it is
    UNMATCHED = "unmatched"  #: nobody waits for it yet; it is looked at again
    STUCK = "stuck"  #: it is for somebody, and could not be used yet; it is tried again
    MATCHED = "matched"  #: it has been used
    EXPIRED = "expired"  #: its time is over, and nobody has used it


PENDING = (MessageState.STORED, MessageState.UNMATCHED, MessageState.STUCK)


class MessageQuerySet(models.QuerySet["Message"]):
    """Questions people and workers ask of messages."""

    def pending(self) -> "MessageQuerySet":
        """Still to be used."""
        return self.filter(state__in=PENDING)

    def due(self) -> "MessageQuerySet":
        """To be looked at now, the longest due first."""
        return self.filter(due__lte=DatabaseNow()).order_by("due", "id")

    def next_due(self) -> timedelta | None:
        """The time until one is to be looked at; zero or less: now; None: there is none."""
        at = self.aggregate(at=Min("due"))["at"]
        return None if at is None else at - database_now(self.db)

    def unused(self) -> "MessageQuerySet":
        """What operators want to see: nobody has used it, in time or at all."""
        return self.exclude(state=MessageState.MATCHED)

    def of(self, object_type: str, object_id: str) -> "MessageQuerySet":
        """Those that one object has used, or that are for it and could not be used yet."""
        return self.filter(object_type=object_type, object_id=object_id)


class Message(models.Model):
    """One message of one sender: stored first, then used."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    endpoint = ExactField(max_length=100)
    #: The sender's own id of it.
    message_id = ExactField(max_length=255)
    type = ExactField(max_length=255, blank=True)
    #: What it is about, as far as an effect of a contract says how to read that.
    ref = ExactField(max_length=255, blank=True)
    payload = models.JSONField(default=dict)
    #: SHA-256 of the payload: another one under the same id is told from a repetition.
    digest = models.CharField(max_length=64)
    #: How often it came again, and whether it ever said something else then.
    repeated = models.PositiveIntegerField(default=0)
    differed = models.BooleanField(default=False)
    state = models.CharField(
        max_length=10, choices=MessageState.choices, default=MessageState.STORED
    )
    #: When it is looked at next; None once nobody will.
    due = models.DateTimeField(null=True)
    looks = models.PositiveIntegerField(default=0)
    #: Why it is not used yet, or what came of it: a code and a sentence.
    note = models.JSONField(null=True)
    received_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    object_type = ExactField(max_length=100, blank=True)
    object_id = ExactField(max_length=100, blank=True)
    # Without constraints: records are removed by their tombstone, which knows no messages.
    run = models.ForeignKey(
        "workflows_app.EffectRun",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="messages",
    )
    operation = models.ForeignKey(
        "workflows_app.Operation",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="messages",
    )

    objects = ReadsWhatIsWritten.from_queryset(MessageQuerySet)()

    class Meta:
        base_manager_name = "objects"
        default_permissions = ("view",)
        constraints = (
            models.UniqueConstraint(
                fields=("endpoint", "message_id"), name="workflows_message_once"
            ),
        )
        indexes = (
            models.Index(fields=("due", "id"), name="workflows_messages_due"),
            models.Index(fields=("ref", "state"), name="workflows_messages_ref"),
            models.Index(fields=("state", "id"), name="workflows_messages_state"),
            models.Index(fields=("object_type", "object_id"), name="workflows_messages_of"),
        )

    def __str__(self) -> str:
        return f"{self.type or 'message'} {self.message_id} from {self.endpoint}"

    @property
    def is_pending(self) -> bool:
        """Whether it may still be used."""
        return self.state in PENDING

    def as_cause(self) -> str:
        """How an operation names this message."""
        return f"message:{self.id}"
