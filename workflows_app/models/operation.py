"""The operation: the immutable record of one accepted command."""

from django.db import connections, models
from django.utils import timezone

from .columns import ExactField
from .database import ReadsWhatIsWritten
from .identity import uuid7


class Kind(models.TextChoices):
    """What sort of command it was."""

    CREATE = "create"
    ADOPT = "adopt"  #: the row came another way, and was found as it stood
    IMPORT = "import"  #: a new object was placed straight into a later state
    COMMAND = "command"
    EDIT = "edit"  #: people changed columns, and the state stayed
    SYSTEM = "system"
    OVERRIDE = "override"  #: a person put the object into a state round the contract
    OPERATOR = "operator"
    DELETE = "delete"


class OperationQuerySet(models.QuerySet["Operation"]):
    """Questions people ask of operations."""

    def of(self, object_type: str, object_id: str) -> "OperationQuerySet":
        """The operations of one object, in order."""
        return self.filter(object_type=object_type, object_id=object_id).order_by("version")

    def under_key(self, actor: str, key_hash: str | None) -> "Operation | None":
        """The operation this actor's key stands for.

        Every command asks this and almost all hear no, so the question is plain SQL: building it
        from the ORM costs several times what the database takes to answer.
        """
        with connections[self.db].cursor() as cursor:
            cursor.execute(_UNDER_KEY, (actor, key_hash))
            found = cursor.fetchone()
        return None if found is None else self.get(actor=actor, key_hash=key_hash)

    def by_actor(self, actor: str) -> "OperationQuerySet":
        """What one actor did, newest first."""
        return self.filter(actor=actor).order_by("-id")


class Operation(models.Model):
    """The receipt, the audit entry, and the id a client follows."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    object_type = ExactField(max_length=100)
    object_id = ExactField(max_length=100)
    version = models.PositiveBigIntegerField()
    field = models.CharField(max_length=50)
    transition = models.CharField(max_length=100)
    source = ExactField(max_length=50, blank=True)
    target = ExactField(max_length=50)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    actor = ExactField(max_length=150)
    actor_label = models.CharField(max_length=200)
    reason = models.TextField(blank=True)
    data = models.JSONField(default=dict)
    key = models.CharField(max_length=255, null=True)  # noqa: DJ001  no key is not an empty key
    key_hash = models.CharField(max_length=64, null=True)  # noqa: DJ001  NULLs are not equal
    fingerprint = models.CharField(max_length=64, blank=True)
    cause = models.CharField(max_length=100, blank=True)
    contract_version = models.CharField(max_length=12)
    traceparent = models.CharField(max_length=55, blank=True)
    accepted_at = models.DateTimeField(default=timezone.now)

    #: Whether this answer repeats an earlier one; never stored.
    replayed: bool = False
    #: Known only to whoever has just written it: its body asked nothing of other objects.
    alone: bool = False

    objects = ReadsWhatIsWritten.from_queryset(OperationQuerySet)()

    class Meta:
        base_manager_name = "objects"
        default_permissions = ("view",)
        permissions = (
            ("place_object", "Can place a new object straight into a later state"),
            ("force_cancel", "Can cancel an object from anywhere"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("object_type", "object_id", "version"), name="workflows_one_per_version"
            ),
            models.UniqueConstraint(fields=("actor", "key_hash"), name="workflows_one_per_key"),
        )
        indexes = (
            models.Index(fields=("actor", "id"), name="workflows_by_actor"),
            models.Index(fields=("cause",), name="workflows_by_cause"),
        )

    def __str__(self) -> str:
        return f"{self.transition} of {self.object_type} {self.object_id}, version {self.version}"

    def as_cause(self) -> str:
        """How another operation names this one."""
        return f"operation:{self.id}"


_UNDER_KEY = f"SELECT 1 FROM {Operation._meta.db_table} WHERE actor = %s AND key_hash = %s"  # noqa: S608  our table
