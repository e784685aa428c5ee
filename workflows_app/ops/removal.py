"""What pruning and erasing share: who may, over which guard, and the numbers of a tombstone."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q, QuerySet

from workflows_app.contract.people import SYSTEM
from workflows_app.contract.permissions import has_permission
from workflows_app.engine.idempotency import actor_label, actor_of
from workflows_app.failures import ContractError, Forbidden, Invalid
from workflows_app.models import EffectRun, Event, Message, Operation, Removal, Timer, Tombstone
from workflows_app.models.guard import missing


def refuse_stranger(by: Any, permission: str) -> None:
    """Raise Forbidden unless it is SYSTEM or somebody with the permission."""
    actor_of(by)
    if by is not SYSTEM and not has_permission(by, permission):
        raise Forbidden(f"You need the permission {permission}.")


def refuse_silence(reason: str) -> None:
    """Raise Invalid without a reason."""
    if not reason.strip():
        raise Invalid("Say why: what is removed for ever needs a reason.")


def refuse_without_guard(using: str) -> None:
    """A tombstone removes by its trigger; without it, it would only permit."""
    if gone := missing(using):
        raise ContractError(
            f"Database {using!r} lacks triggers of the guard ({', '.join(gone)}), and nothing is"
            f" removed without it. Run 'manage.py migrate --database {using}' first."
        )


@dataclass(frozen=True)
class Covered:
    """The operations of one object up to a version, and what goes with them."""

    using: str
    object_type: str
    object_id: str
    version: int

    @property
    def operations(self) -> QuerySet[Operation]:
        """The operations."""
        mine = Operation.objects.using(self.using).of(self.object_type, self.object_id)
        return mine.filter(version__lte=self.version)

    @property
    def events(self) -> QuerySet[Event]:
        """Their events."""
        return Event.objects.using(self.using).filter(operation__in=self.operations.order_by())

    @property
    def runs(self) -> Any:
        """Their runs."""
        mine = EffectRun.objects.using(self.using).of(self.object_type, self.object_id)
        return mine.filter(version__lte=self.version)

    @property
    def messages(self) -> QuerySet[Message]:
        """The messages that led to them, or told what became of their runs."""
        mine = Message.objects.using(self.using).of(self.object_type, self.object_id)
        operations = self.operations.order_by().values("pk")
        runs = self.runs.order_by().values("pk")
        return mine.filter(Q(operation__in=operations) | Q(run__in=runs))

    @property
    def timers(self) -> QuerySet[Timer]:
        """The object's timers."""
        return Timer.objects.using(self.using).filter(
            object_type=self.object_type, object_id=self.object_id
        )

    @property
    def undone_later(self) -> Any:
        """Runs that stay, and undo some of these."""
        runs = EffectRun.objects.using(self.using)
        return runs.filter(undoes__in=self._pks(), version__gt=self.version)

    def is_unresolved(self) -> bool:
        """Whether something is still to be done or decided for them, or what undoes them."""
        unresolved = self.runs.unresolved().exists() or self.undone_later.unresolved().exists()
        return bool(unresolved)

    def forget_each_other(self) -> None:
        """Runs that are about to go refer to none, and none refers to them."""
        self.undone_later.update(undoes=None)
        runs = EffectRun.objects.using(self.using).filter(pk__in=self._pks())
        runs.update(undoes=None, group=None)

    def _pks(self) -> list[Any]:
        return list(self.runs.values_list("pk", flat=True))

    def tombstone(self, kind: Removal, by: Any, reason: str, snapshots: int) -> Tombstone:
        """The record of their removal, not yet inserted."""
        return Tombstone(
            kind=kind,
            object_type=self.object_type,
            object_id=self.object_id,
            version=self.version,
            operations=self.operations.count(),
            events=self.events.count(),
            runs=self.runs.count(),
            snapshots=snapshots,
            actor=actor_of(by),
            actor_label=actor_label(by),
            reason=reason,
        )


def snapshots_of(model: type[Model], pk: Any, using: str) -> QuerySet[Any] | None:
    """The history of one object; None for a model that keeps none."""
    name = getattr(model._meta, "simple_history_manager_attribute", None)
    if name is None:
        return None
    history: Any = getattr(model, name)
    found: QuerySet[Any] = history.using(using).filter(**{model._meta.pk.attname: pk})
    return found
