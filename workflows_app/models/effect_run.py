"""The effect run: the outbox row, with a life of its own."""

import uuid
from datetime import timedelta
from functools import cache
from typing import Any

from django.db import connections, models
from django.db.models import Min, Q

from .clock import DatabaseNow, database_now
from .columns import ExactField, IndexOfSome
from .database import ReadsWhatIsWritten
from .identity import uuid7
from .operation import Operation


class RunState(models.TextChoices):
    """Where a run stands."""

    HELD = "held"  #: waits for an earlier one of its lane
    QUEUED = "queued"  #: may be claimed when due
    RUNNING = "running"  #: a worker has it, for the time of its lease
    IN_DOUBT = "in_doubt"  #: it may have happened; a person says
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


OPEN = (RunState.HELD, RunState.QUEUED, RunState.RUNNING, RunState.IN_DOUBT)


class FollowUp(models.TextChoices):
    """What became of the transition that follows a finished run."""

    NONE = "none"  #: none is declared, or the run is not finished
    PENDING = "pending"  #: it will be tried (again) when due
    DONE = "done"
    UNWANTED = "unwanted"  #: the object had moved on
    DEAD = "dead"  #: it could not run; its owner decides


UNRESOLVED = (
    Q(state__in=OPEN)
    | Q(follow_up__in=(FollowUp.PENDING, FollowUp.DEAD))
    | Q(state=RunState.FAILED, follow_up=FollowUp.NONE)
)


class EffectRunQuerySet(models.QuerySet["EffectRun"]):
    """Questions people and workers ask of runs."""

    def of(self, object_type: str, object_id: str) -> "EffectRunQuerySet":
        """The runs of one object, in order of acceptance."""
        mine = self.filter(object_type=object_type, object_id=object_id)
        return mine.order_by("version", "position")

    def unresolved(self) -> "EffectRunQuerySet":
        """Open, or dead and not yet resolved: what people have to hear of."""
        return self.filter(UNRESOLVED)

    def concerning(
        self, object_type: str, object_id: str, operation_id: uuid.UUID | None = None
    ) -> "list[EffectRun]":
        """The unresolved runs of an object and all of one operation, in order of acceptance.

        Every answer to a command asks this, so its SQL is built once.
        """
        statement, blanks = _concerning(self.db)
        filled = {
            _TYPE: object_type,
            _ID: object_id,
            _prepared(_OPERATION, self.db): _prepared(operation_id, self.db),
        }
        return list(self.raw(statement, [filled.get(blank, blank) for blank in blanks]))

    def open(self) -> "EffectRunQuerySet":
        """Not yet settled."""
        return self.filter(state__in=OPEN)

    def lane_is_taken(self, lane: str) -> bool:
        """Whether a run holds this lane. Plain SQL: every command with an effect in one asks."""
        with connections[self.db].cursor() as cursor:
            cursor.execute(_HOLDS_LANE, (lane,))
            return cursor.fetchone() is not None

    def lost(self) -> "EffectRunQuerySet":
        """Claimed by a worker whose lease has ended."""
        return self.filter(state=RunState.RUNNING, lease_until__lt=DatabaseNow())

    def follow_up_due(self) -> "EffectRunQuerySet":
        """Finished, with a follow-up to try now."""
        return self.filter(follow_up=FollowUp.PENDING, due__lte=DatabaseNow())

    def next_due(self) -> timedelta | None:
        """The time until the next claim is possible; zero or less: now; None: nothing queued."""
        due = self.filter(state=RunState.QUEUED).aggregate(at=Min("due"))["at"]
        return None if due is None else due - database_now(self.db)


class EffectRun(models.Model):
    """One effect of one operation."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    operation = models.ForeignKey(
        "workflows_app.Operation", on_delete=models.PROTECT, related_name="runs"
    )
    object_type = ExactField(max_length=100)
    object_id = ExactField(max_length=100)
    version = models.PositiveBigIntegerField()
    position = models.PositiveIntegerField()
    effect = models.CharField(max_length=100)
    safety = models.CharField(max_length=20)
    state = models.CharField(max_length=20, choices=RunState.choices)
    due = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    first_attempt_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveBigIntegerField(default=0)
    leases_lost = models.PositiveIntegerField(default=0)
    #: An attempt ended without an answer, so a later "not sent" does not settle what it did.
    may_have_happened = models.BooleanField(default=False)
    generation = models.PositiveIntegerField(default=1)
    lane = ExactField(max_length=255, null=True)  # no lane is not an empty one
    #: The lane, as long as this run is the one that holds it: unique, so one at a time.
    holds_lane = ExactField(max_length=255, null=True, unique=True)
    data = models.JSONField(default=dict)
    result = models.JSONField(null=True)
    failure = models.JSONField(null=True)  # Recorded: code, detail, kind, facts
    follow_up = models.CharField(max_length=10, choices=FollowUp.choices, default=FollowUp.NONE)
    follow_up_attempts = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    objects = ReadsWhatIsWritten.from_queryset(EffectRunQuerySet)()

    class Meta:
        base_manager_name = "objects"
        default_permissions = ("view",)
        permissions = (
            ("resolve_run", "Can say what became of a run in doubt"),
            ("skip_run", "Can let an object go on without a run"),
        )
        indexes = (
            IndexOfSome(fields=("due", "id"), name="workflows_claimable", only=("state", "queued")),
            IndexOfSome(
                fields=("lease_until",), name="workflows_leased", only=("state", "running")
            ),
            IndexOfSome(fields=("due",), name="workflows_follow_up", only=("follow_up", "pending")),
            models.Index(fields=("object_type", "object_id"), name="workflows_runs_of"),
            models.Index(fields=("lane", "state"), name="workflows_lane"),
        )

    def __str__(self) -> str:
        return f"{self.effect} of {self.object_type} {self.object_id}"

    @property
    def key(self) -> str:
        """The idempotency key for the remote: constant as long as the intent is the same."""
        return f"{self.id}:{self.generation}"

    @property
    def settled(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state not in OPEN

    def as_cause(self) -> str:
        """How an operation or an actor names this run."""
        return f"run:{self.id}"

    def fact(self) -> dict[str, Any]:
        """What every event about this run refers to."""
        return {
            "object_type": self.object_type,
            "object_id": self.object_id,
            "operation_id": self.operation_id,
            "run_id": self.id,
        }


_HOLDS_LANE = f"SELECT 1 FROM {EffectRun._meta.db_table} WHERE holds_lane = %s"  # noqa: S608

#: What stands in the statement of ``concerning`` where an answer's own values go.
_TYPE, _ID, _OPERATION = "the object type", "the object id", uuid.UUID(int=0)


@cache
def _concerning(using: str) -> tuple[str, tuple[Any, ...]]:
    runs = EffectRun.objects.using(using).of(_TYPE, _ID)
    query = runs.filter(UNRESOLVED | Q(operation=_OPERATION)).query
    statement, blanks = query.get_compiler(using).as_sql()
    return statement, blanks


def _prepared(operation_id: uuid.UUID | None, using: str) -> Any:
    return Operation._meta.pk.get_db_prep_value(operation_id, connections[using])
