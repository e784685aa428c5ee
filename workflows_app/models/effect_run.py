"""The effect run: the outbox row, with a life of its own."""

import uuid
from datetime import timedelta
from functools import cache
from typing import Any

from django.db import connections, models
from django.db.models import Min, Q

from .clock import DatabaseNow, database_now
from .columns import ExactField, IndexOfGiven, IndexOfSome
from .database import ReadsWhatIsWritten
from .identity import uuid7
from .operation import Operation


class RunState(models.TextChoices):
    """Where a run stands."""

    HELD = "held"  #: waits for an earlier one of its lane or group, or for room in a limit
    QUEUED = "queued"  #: may be claimed when due
    RUNNING = "running"  #: a worker has it, for the time of its lease
    WAITING = "waiting"  #: the outside has accepted it, and will confirm
    IN_DOUBT = "in_doubt"  #: it may have happened; the probe or a person says
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


OPEN = (
    RunState.HELD,
    RunState.QUEUED,
    RunState.RUNNING,
    RunState.WAITING,
    RunState.IN_DOUBT,
)

#: A run that stands for a group of effects has this for its safety class, and no attempts.
GROUP = "group"


class SupersededAs(models.TextChoices):
    """What was left of a run when a later operation superseded it."""

    NOT = "", "Not superseded"
    CANCELLED = "cancelled"  #: it had certainly not left
    ALREADY_SENT = "already_sent"  #: it may be outside: never sent again, and nothing follows


class FollowUp(models.TextChoices):
    """What became of the transition that follows a finished run."""

    NONE = "none"  #: none is declared, or the run is not finished
    PENDING = "pending"  #: it will be tried (again) when due, or waits for its group
    DONE = "done"  #: for it, or for its group
    UNWANTED = "unwanted"  #: the object had moved on
    DEAD = "dead"  #: it could not run; its owner decides


UNRESOLVED = (
    Q(state__in=OPEN)
    | Q(follow_up__in=(FollowUp.PENDING, FollowUp.DEAD))
    | (Q(state=RunState.FAILED, follow_up=FollowUp.NONE) & ~Q(safety=GROUP))
    | Q(contradiction__isnull=False)
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
        return self.filter(follow_up=FollowUp.PENDING, follow_up_due__lte=DatabaseNow())

    def to_be_asked(self, state: RunState) -> "EffectRunQuerySet":
        """Waiting, or in doubt, and it is time to ask the outside; the longest due first."""
        return self.filter(state=state, due__lte=DatabaseNow()).order_by("due", "id")

    def next_due(self) -> timedelta | None:
        """The time until the next claim or question is possible; zero or less: now; None: never."""
        by_itself = (RunState.QUEUED, RunState.WAITING, RunState.IN_DOUBT)
        each = [self.filter(state=state).aggregate(at=Min("due"))["at"] for state in by_itself]
        due = min((at for at in each if at is not None), default=None)
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
    #: When its next step comes by itself (a claim, a question to the probe); none: a person's.
    due = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    first_attempt_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    fence = models.PositiveBigIntegerField(default=0)
    leases_lost = models.PositiveIntegerField(default=0)
    #: An attempt ended without an answer, so a later "not sent" does not settle what it did.
    may_have_happened = models.BooleanField(default=False)
    #: The send marker: when, and under which fence, a committed effect was about to leave.
    sent_at = models.DateTimeField(null=True)
    sent_fence = models.PositiveBigIntegerField(null=True)
    #: What the outside calls it: given with ``accepted()``, named by its confirmation.
    reference = ExactField(max_length=255, null=True)
    #: Waiting: confirmed until then, or asked for. In doubt: asked for until then.
    deadline = models.DateTimeField(null=True)
    #: How often the probe was asked since the state was entered; the fence of its answer.
    probes = models.PositiveIntegerField(default=0)
    generation = models.PositiveIntegerField(default=1)
    #: The operation that ended it before it was settled, and what was left of it then.
    superseded_by = models.ForeignKey(
        "workflows_app.Operation",
        null=True,
        on_delete=models.PROTECT,
        related_name="superseded",
        db_index=False,
    )
    superseded_as = models.CharField(
        max_length=12, choices=SupersededAs.choices, default=SupersededAs.NOT, blank=True
    )
    #: The run that this one takes back.
    undoes = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="undone_by", db_index=False
    )
    #: The run that stands for the group it belongs to.
    group = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, related_name="members", db_index=False
    )
    #: Its group lets it go. Held runs are queued when that, the lane and the limit agree.
    in_turn = models.BooleanField(default=True)
    lane = ExactField(max_length=255, null=True)  # no lane is not an empty one
    #: The lane, as long as this run is the one that holds it: unique, so one at a time.
    holds_lane = ExactField(max_length=255, null=True, unique=True)
    #: The limit it counts against, and its place there: unique, so never more than there are.
    limit_key = ExactField(max_length=255, null=True)
    holds_slot = ExactField(max_length=255, null=True, unique=True)
    data = models.JSONField(default=dict)
    result = models.JSONField(null=True)
    failure = models.JSONField(null=True)  # Recorded: code, detail, kind, facts
    follow_up = models.CharField(max_length=10, choices=FollowUp.choices, default=FollowUp.NONE)
    follow_up_attempts = models.PositiveIntegerField(default=0)
    follow_up_due = models.DateTimeField(null=True)
    #: What speaks against the way it was resolved: an incident until a person decides.
    contradiction = models.JSONField(null=True)
    finished_at = models.DateTimeField(null=True)

    objects = ReadsWhatIsWritten.from_queryset(EffectRunQuerySet)()

    class Meta:
        base_manager_name = "objects"
        default_permissions = ("view",)
        permissions = (
            ("resolve_run", "Can say what became of a run in doubt"),
            ("skip_run", "Can let an object go on without a run"),
            ("retry_run", "Can have the next step of a run done now"),
            ("replay_run", "Can have a run that ended begin again"),
            ("replay_run_anew", "Can have a run begin again as a new intent"),
        )
        indexes = (
            IndexOfSome(fields=("due", "id"), name="workflows_claimable", only=("state", "queued")),
            IndexOfSome(
                fields=("lease_until",), name="workflows_leased", only=("state", "running")
            ),
            IndexOfSome(
                fields=("follow_up_due",),
                name="workflows_followed_up",
                only=("follow_up", "pending"),
            ),
            IndexOfSome(fields=("due",), name="workflows_waiting", only=("state", "waiting")),
            IndexOfSome(fields=("due",), name="workflows_in_doubt", only=("state", "in_doubt")),
            IndexOfSome(
                fields=("limit_key", "id"), name="workflows_limited", only=("state", "held")
            ),
            IndexOfGiven(fields=("reference",), name="workflows_reference"),
            IndexOfGiven(fields=("superseded_by",), name="workflows_superseded"),
            IndexOfGiven(fields=("undoes",), name="workflows_undone_by"),
            IndexOfGiven(fields=("group",), name="workflows_members"),
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
    def may_go(self) -> bool:
        """Whether its group, its lane and its limit let it go: a held run is queued then."""
        in_lane = self.lane is None or self.holds_lane is not None
        within_limit = self.limit_key is None or self.holds_slot is not None
        return self.in_turn and in_lane and within_limit

    @property
    def waits_for_room(self) -> bool:
        """Whether it is held for want of a place within its limit, and of nothing else."""
        in_lane = self.lane is None or self.holds_lane is not None
        limited = self.limit_key is not None and self.holds_slot is None
        return self.state == RunState.HELD and self.in_turn and in_lane and limited

    @property
    def is_marked(self) -> bool:
        """Whether this very claim has left the send marker: it may be outside."""
        return self.sent_fence is not None and self.sent_fence == self.fence

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


_HOLDS_LANE = f"SELECT 1 FROM {EffectRun._meta.db_table} WHERE holds_lane = %s"  # noqa: S608  our table

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
