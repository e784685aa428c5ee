"""The receipt: one operation, what it asked for outside, and how far that has come."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from workflows_app.contract.registry import Contract, contract_for
from workflows_app.models import EffectRun, Operation

from .causes import caused_by
from .ended import Ended, ended_by
from .secrets import redact
from .times import stamp
from .work import Condition, Work, entry, read, told, worst


class Progress(StrEnum):
    """The state of an operation, worst first; the last four are done."""

    IN_DOUBT = "in_doubt"
    BLOCKED = "blocked"
    RETRYING = "retrying"
    WAITING = "waiting"
    RUNNING = "running"
    QUEUED = "queued"
    SUPERSEDED = "superseded"  #: a later operation ended something of it
    FAILED = "failed"  #: an effect failed, and what the contract says for that has followed
    COMPLETED_WITH_FAILURES = "completed_with_failures"
    COMPLETED = "completed"

    @property
    def done(self) -> bool:
        """Whether nothing more will come of it."""
        return self in _ENDS


_ENDS = (
    Progress.SUPERSEDED,
    Progress.FAILED,
    Progress.COMPLETED_WITH_FAILURES,
    Progress.COMPLETED,
)


def receipt(operation: Operation) -> dict[str, Any]:
    """The document of one operation. ``url`` and ``object.url`` are for the API to fill in."""
    return receipts([operation])[0]


def receipts(
    operations: Sequence[Operation], among: Iterable[EffectRun] | None = None
) -> list[dict[str, Any]]:
    """The documents of many operations. Two queries, one where the runs are ``among`` these and
    nothing can have followed from them yet; one more where an operation may have ended others.
    """
    runs: dict[Any, list[EffectRun]] = {operation.pk: [] for operation in operations}
    if among is None:
        among = EffectRun.objects.filter(operation__in=runs).order_by("position")
    for run in among:
        if run.operation_id in runs:
            runs[run.operation_id].append(run)
    caused = caused_by(operations, [run for group in runs.values() for run in group])
    ends = ended_by(operations)
    return [
        _document(operation, runs[operation.pk], caused, ends[operation.pk])
        for operation in operations
    ]


def _document(
    operation: Operation, runs: list[EffectRun], caused: list[Operation], ended: Ended
) -> dict[str, Any]:
    contract = contract_for(operation.object_type, operation.field)
    work = [read(run, contract, contract.state(operation.target).owner) for run in told(runs)]
    progress = _progress([*work, *ended.still_to_be_undone])
    mine = {operation.as_cause(), *(run.as_cause() for run in runs)}
    return {
        "id": str(operation.pk),
        "url": None,
        "object": {"type": operation.object_type, "id": operation.object_id, "url": None},
        "workflow": contract.name,
        "transition": operation.transition,
        "label": _label(operation, contract),
        "source": operation.source or None,
        "target": operation.target,
        "version": operation.version,
        "contract_version": operation.contract_version,
        "actor": {"id": operation.actor, "label": operation.actor_label},
        "reason": operation.reason,
        "data": redact(operation.data, contract.secret),
        "cause": operation.cause or None,
        "caused": [_mention(other) for other in caused if other.cause in mine],
        "accepted_at": stamp(operation.accepted_at),
        "finished_at": stamp(_finished_at(operation, runs)) if progress.done else None,
        "done": progress.done,
        "state": str(progress),
        "superseded_by": _superseded_by(runs),
        "effects": [entry(item) for item in work],
        "cancelled": [entry(item) for item in ended.cancelled],
        "already_sent": [entry(item) for item in ended.already_sent],
        "will_undo": [entry(item) for item in ended.will_undo],
    }


def _label(operation: Operation, contract: Contract) -> str:
    """What it is called today, whatever name is stored."""
    known = contract.transition_named(operation.transition)
    if known is None:
        return operation.transition.replace("_", " ").capitalize()
    return known.at(contract.states.present(operation.source)).label


def _progress(work: list[Work]) -> Progress:
    item = worst(work)
    return Progress.COMPLETED if item is None else _PROGRESS[item.condition]


_PROGRESS = {
    Condition.IN_DOUBT: Progress.IN_DOUBT,
    Condition.BLOCKED: Progress.BLOCKED,
    Condition.RETRYING: Progress.RETRYING,
    Condition.WAITING: Progress.WAITING,
    Condition.RUNNING: Progress.RUNNING,
    Condition.QUEUED: Progress.QUEUED,
    Condition.SUPERSEDED: Progress.SUPERSEDED,
    Condition.FAILED: Progress.FAILED,
    Condition.DEAD: Progress.COMPLETED_WITH_FAILURES,
    Condition.LEFT_OUT: Progress.COMPLETED_WITH_FAILURES,
    Condition.DONE: Progress.COMPLETED,
}


def _superseded_by(runs: list[EffectRun]) -> str | None:
    """The first operation that ended something of this one."""
    by = [str(run.superseded_by_id) for run in runs if run.superseded_by_id]
    return min(by, default=None)


def _finished_at(operation: Operation, runs: list[EffectRun]) -> datetime:
    ends = [run.finished_at for run in runs if run.finished_at]
    return max([operation.accepted_at, *ends])


def _mention(operation: Operation) -> dict[str, Any]:
    return {
        "id": str(operation.pk),
        "object": {"type": operation.object_type, "id": operation.object_id},
        "transition": operation.transition,
        "url": None,
    }
