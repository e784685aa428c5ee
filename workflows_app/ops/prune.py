"""Pruning: the records of finished objects are removed when they are old enough."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from django.db import models, router, transaction
from django.db.models import Count, Max

from workflows_app.contract.registry import Contract, contract_of, contracts_of
from workflows_app.engine.locking import lock_object, pk_of, retrying
from workflows_app.failures import Invalid
from workflows_app.models import Message, MessageState, Operation, Removal, Tombstone

from .removal import (
    Covered,
    refuse_silence,
    refuse_stranger,
    refuse_without_guard,
    snapshots_of,
)

PERMISSION = "workflows_app.prune_records"


@dataclass(frozen=True)
class Pruned:
    """How far a pruning has come: objects looked at, and what was removed of how many."""

    looked_at: int = 0
    objects: int = 0
    unresolved: int = 0  #: left alone, because somebody has to decide something yet
    operations: int = 0
    events: int = 0
    runs: int = 0
    snapshots: int = 0


def prune(
    model: type[models.Model],
    *,
    before: datetime,
    by: Any,
    reason: str,
    states: Collection[str] = (),
    dry_run: bool = False,
    batch: int = 500,
) -> Iterator[Pruned]:
    """Remove the records of objects that are deleted, or rest in a final state, since ``before``.

    The last operation of each stays, with its runs, its events and its snapshot; the object itself
    is not touched. ``states`` narrows it to objects in these final states. Each object is a
    transaction with one tombstone, so whatever stops this, the next call goes on. Yields after
    every ``batch`` objects looked at. ``by`` is SYSTEM or somebody with
    ``workflows_app.prune_records``. Raises Forbidden, Invalid.
    """
    refuse_stranger(by, PERMISSION)
    refuse_silence(reason)
    pruning = _Pruning(contract_of(model), before, frozenset(map(str, states)), by, reason)
    pruning.refuse_states_with_a_future()
    refuse_without_guard(pruning.using)
    return pruning.all(batch, dry_run=dry_run)


def prune_messages(*, before: datetime, dry_run: bool = False) -> int:
    """Remove the messages from outside whose time was over before that, unused; how many."""
    expired = Message.objects.filter(state=MessageState.EXPIRED, finished_at__lt=before)
    return expired.count() if dry_run else expired.delete()[0]


class _Pruning:
    """One walk over the objects of a type."""

    def __init__(
        self, contract: Contract, before: datetime, states: frozenset[str], by: Any, reason: str
    ) -> None:
        self.contract, self.model = contract, contract.model
        self.using = router.db_for_write(self.model)
        self.before, self.states, self.by, self.reason = before, states, by, reason

    def refuse_states_with_a_future(self) -> None:
        final = {str(s) for one in contracts_of(self.model) for s in one.states.all() if s.final}
        if unfit := sorted(self.states - final):
            raise Invalid(
                f"{', '.join(unfit)}: no final state of {self.contract.name}; only what is finished"
                f" is pruned. Final are: {', '.join(sorted(final)) or 'none'}."
            )

    def all(self, batch: int, *, dry_run: bool) -> Iterator[Pruned]:
        progress, after = Pruned(), ""
        while found := self._old_enough(after, batch):
            for object_id in found:
                step = partial(self._one, object_id, dry_run=dry_run)
                progress = _sum(progress, retrying(self.using, step))
            after = found[-1]
            yield progress

    def _old_enough(self, after: str, size: int) -> list[str]:
        """The next objects by id with more than one operation, all of them old."""
        mine = Operation.objects.using(self.using).filter(
            object_type=self.contract.object_type, object_id__gt=after
        )
        each = mine.values("object_id").annotate(many=Count("id"), last=Max("accepted_at"))
        old = each.filter(many__gt=1, last__lt=self.before).order_by("object_id")
        return list(old.values_list("object_id", flat=True)[:size])

    def _one(self, object_id: str, *, dry_run: bool) -> Pruned:
        """One transaction: the object's lock, what it has now, the tombstone, its history."""
        with transaction.atomic(using=self.using):
            pk = pk_of(self.model, object_id)
            obj = lock_object(self.contract, pk, self.using)
            last = self._last_operation(object_id)
            if not self._is_finished(obj) or last.accepted_at >= self.before:
                return Pruned(looked_at=1)
            covered = Covered(self.using, last.object_type, object_id, last.version - 1)
            if covered.is_unresolved():
                return Pruned(looked_at=1, unresolved=1)
            snapshots = self._snapshots_before(pk, last)
            old = 0 if snapshots is None else snapshots.count()
            tombstone = covered.tombstone(Removal.PRUNE, self.by, self.reason, old)
            if not dry_run:
                covered.messages.delete()
                covered.forget_each_other()
                tombstone.save(using=self.using, force_insert=True)
                _remove_timers(covered, last)
                if snapshots is not None:
                    snapshots.delete()
            return _removed(tombstone)

    def _last_operation(self, object_id: str) -> Operation:
        mine = Operation.objects.using(self.using).of(self.contract.object_type, object_id)
        last: Operation = mine.reverse()[0]
        return last

    def _is_finished(self, obj: Any) -> bool:
        if obj is None:
            return not self.states
        standing = {one: one.state_of(obj) for one in contracts_of(self.model)}
        if self.states and not self.states & set(standing.values()):
            return False
        return all(one.state(state).final for one, state in standing.items())

    def _snapshots_before(self, pk: Any, last: Operation) -> Any:
        """Those older than the snapshot of the operation that stays, or than the newest."""
        snapshots = snapshots_of(self.model, pk, self.using)
        if snapshots is None:
            return None
        newest_first = snapshots.order_by("-history_date")
        kept = snapshots.filter(operation_id=last.id).order_by("history_date").first()
        kept = kept or newest_first.first()
        return (
            snapshots.none()
            if kept is None
            else snapshots.filter(history_date__lt=kept.history_date)
        )


def _remove_timers(covered: Covered, last: Operation) -> None:
    """Those that are over; the one that caused the operation which stays, stays with it."""
    over = covered.timers.filter(live=None)
    if last.cause.startswith("timer:"):
        over = over.exclude(pk=last.cause.removeprefix("timer:"))
    over.delete()


def _removed(tombstone: Tombstone) -> Pruned:
    return Pruned(
        1, 1, 0, tombstone.operations, tombstone.events, tombstone.runs, tombstone.snapshots
    )


def _sum(one: Pruned, other: Pruned) -> Pruned:
    return replace(one, **{name: value + getattr(one, name) for name, value in vars(other).items()})
