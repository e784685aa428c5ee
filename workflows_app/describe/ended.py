"""What an operation ended: which runs it cancelled, which had left already, what it undoes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from workflows_app.contract.registry import contract_for
from workflows_app.models import EffectRun, Kind, Operation, RunState, SupersededAs
from workflows_app.models.effect_run import GROUP

from .work import Work, read


@dataclass(frozen=True)
class Ended:
    """The runs of earlier operations that one operation ended or undoes, in their order."""

    work: tuple[Work, ...] = ()
    #: The runs, of those, that have an undo which this operation asked for.
    undone: frozenset[Any] = frozenset()

    @property
    def cancelled(self) -> list[Work]:
        """What had certainly not left."""
        return [one for one in self.work if one.run.superseded_as == SupersededAs.CANCELLED]

    @property
    def already_sent(self) -> list[Work]:
        """What may have been outside: it is never sent again, and nothing follows from it."""
        return [one for one in self.work if one.run.superseded_as == SupersededAs.ALREADY_SENT]

    @property
    def will_undo(self) -> list[Work]:
        """What is undone, or will be if it turns out done."""
        return [one for one in self.work if one.run.pk in self.undone or _has_undo(one)]

    @property
    def still_to_be_undone(self) -> list[Work]:
        """Those whose outcome is not known yet: their undo is still to come."""
        return [one for one in self.work if _has_undo(one) and one.run.pk not in self.undone]


def ended_by(operations: Sequence[Operation]) -> dict[Any, Ended]:
    """What each of these operations ended. No query where none of them can have ended anything."""
    asked = [operation for operation in operations if _may_end(operation)]
    if not asked:
        return {operation.pk: Ended() for operation in operations}
    runs = EffectRun.objects.order_by("version", "position")
    superseded = list(runs.filter(superseded_by__in=asked).exclude(safety=GROUP))
    undos = list(runs.filter(operation__in=asked, undoes__isnull=False).select_related("undoes"))
    return {one.pk: _ended(one, superseded, undos) for one in operations}


def _may_end(operation: Operation) -> bool:
    if operation.kind not in (Kind.COMMAND, Kind.SYSTEM):
        return operation.kind in (Kind.OVERRIDE, Kind.OPERATOR)
    contract = contract_for(operation.object_type, operation.field)
    known = contract.transition_named(operation.transition)
    return known is None or any(way.supersedes or way.undoes for way in known.ways)


def _ended(operation: Operation, superseded: list[EffectRun], undos: list[EffectRun]) -> Ended:
    contract = contract_for(operation.object_type, operation.field)
    mine = {run.pk: run for run in superseded if run.superseded_by_id == operation.pk}
    undone = {
        undo.undoes.pk: undo.undoes
        for undo in undos
        if undo.operation_id == operation.pk and undo.undoes
    }
    runs = sorted((undone | mine).values(), key=lambda run: (run.version, run.position))
    owner = contract.state(operation.target).owner
    return Ended(tuple(read(run, contract, owner) for run in runs), frozenset(undone))


def _has_undo(one: Work) -> bool:
    """Whether it may have left, may turn out done, and would be undone then."""
    sent = one.run.superseded_as == SupersededAs.ALREADY_SENT
    has = one.effect is not None and one.effect.undo is not None
    return sent and has and not (one.run.settled and one.run.state != RunState.DONE)
