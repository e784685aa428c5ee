"""The tombstone: the record that takes other records away, or blanks what they say of people."""

from django.db import models
from django.utils import timezone

from .columns import ExactField
from .database import ReadsWhatIsWritten
from .identity import uuid7

#: What stands where something was erased.
ERASED = "erased"


class Removal(models.TextChoices):
    """What became of the rows."""

    PRUNE = "prune"  #: they are gone: they were older than they had to be kept
    ERASE = "erase"  #: they stand, without what they said of a person


class TombstoneQuerySet(models.QuerySet["Tombstone"]):
    """Questions people ask of tombstones."""

    def of(self, object_type: str, object_id: str) -> "TombstoneQuerySet":
        """What was removed of one object, in order."""
        return self.filter(object_type=object_type, object_id=object_id).order_by("id")


class Tombstone(models.Model):
    """Who removed what, when and why.

    Its insert is the removal: the database's trigger deletes or blanks what the row covers, in the
    same statement. It covers the operations of one object up to a version, with their runs and
    events, or the name of one actor in the operations up to one of them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=10, choices=Removal.choices)
    object_type = ExactField(max_length=100, blank=True)
    object_id = ExactField(max_length=100, blank=True)
    #: The last version that is covered.
    version = models.PositiveBigIntegerField(null=True)
    #: The actor whose name is erased, as operations name them: ``user:7``.
    whose = ExactField(max_length=150, blank=True)
    #: The last operation that is covered, where an actor's name is erased.
    last_operation = models.UUIDField(null=True)
    operations = models.PositiveBigIntegerField(default=0)
    events = models.PositiveBigIntegerField(default=0)
    runs = models.PositiveBigIntegerField(default=0)
    #: Rows of the object's history.
    snapshots = models.PositiveBigIntegerField(default=0)
    actor = ExactField(max_length=150)
    actor_label = models.CharField(max_length=200)
    reason = models.TextField()
    at = models.DateTimeField(default=timezone.now)

    objects = ReadsWhatIsWritten.from_queryset(TombstoneQuerySet)()

    class Meta:
        default_permissions = ("view",)
        permissions = (
            ("prune_records", "Can remove records older than they have to be kept"),
            ("erase_records", "Can erase what records say of a person"),
        )
        indexes = (
            models.Index(
                fields=("object_type", "object_id", "version"), name="workflows_removed_of"
            ),
            models.Index(fields=("whose",), name="workflows_removed_whose"),
        )

    def __str__(self) -> str:
        subject = self.whose or f"{self.object_type} {self.object_id}"
        return f"{Removal(self.kind).label} of {subject}"
