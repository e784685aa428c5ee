"""The timeline: everything that happened to one object, in order and in plain words."""

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from workflows_app.contract.registry import Contract, contract_for, contract_of, contracts_of
from workflows_app.models import Event, Operation, Tombstone
from workflows_app.models.identity import object_id_of

from .causes import Causing, causes_of
from .secrets import redact
from .story import told_by_actor, told_by_operation, told_by_tombstone
from .story_of_events import told_by_event
from .times import stamp

PAGE = 100


class WrongCursor(ValueError):
    """The cursor is not one that a page of this timeline named."""


@dataclass(frozen=True)
class Page:
    """A part of the timeline, oldest first, and the cursor of the part that follows."""

    entries: list[dict[str, Any]]
    next: str | None


def timeline(obj: Any, *, after: str | None = None, limit: int = PAGE) -> Page:
    """Operations, events and tombstones of one object from a cursor on. Six queries at most.

    Whoever asks must be somebody the contract's ``seen_by`` admits. Raises WrongCursor.
    """
    return timeline_of(contract_of(obj), object_id_of(obj), after=after, limit=limit)


def timeline_of(
    contract: Contract, object_id: str, *, after: str | None = None, limit: int = PAGE
) -> Page:
    """The same by the object's id, also where the object itself was deleted.

    Then it is for those who see every object: ``sight.sees_every``.
    """
    start = None if after is None else _place(after)
    found = _operations_and_events(contract, object_id, start, limit + 1)
    shown = found[:limit]
    causes = causes_of(fact for fact in shown if isinstance(fact, Operation))
    more = len(found) > limit
    return Page(
        [_entry(fact, contract, causes) for fact in shown], _cursor(shown[-1]) if more else None
    )


Fact = Operation | Event | Tombstone


def _operations_and_events(
    contract: Contract, object_id: str, start: tuple[datetime, UUID] | None, limit: int
) -> list[Fact]:
    mine = {"object_type": contract.object_type, "object_id": object_id}
    operations = _from(start, "accepted_at", Operation.objects.filter(**mine))[:limit]
    events = _from(start, "at", Event.objects.filter(**mine).select_related("run"))[:limit]
    removed = _from(start, "at", Tombstone.objects.filter(**mine))[:limit]
    return list(merge(operations, events, removed, key=_at))[:limit]


def _from(start: tuple[datetime, UUID] | None, column: str, rows: QuerySet[Any]) -> QuerySet[Any]:
    ordered = rows.order_by(column, "id")
    if start is None:
        return ordered
    at, last = start
    return ordered.filter(Q(**{f"{column}__gt": at}) | Q(**{column: at, "id__gt": last}))


def _at(fact: Fact) -> tuple[datetime, UUID]:
    return (fact.accepted_at if isinstance(fact, Operation) else fact.at, fact.pk)


def _entry(fact: Fact, contract: Contract, causes: dict[str, Causing]) -> dict[str, Any]:
    if isinstance(fact, Operation):
        contract = contract_for(fact.object_type, fact.field)
        text = told_by_operation(fact, contract, causes.get(fact.cause))
        return _common(fact, contract, text) | {
            **_which_workflow(contract),
            "version": fact.version,
            "transition": fact.transition,
            "source": fact.source or None,
            "target": fact.target,
            "reason": fact.reason,
            "cause": fact.cause or None,
        }
    if isinstance(fact, Tombstone):
        return _common(fact, contract, told_by_tombstone(fact)) | {"reason": fact.reason}
    return _common(fact, contract, told_by_event(fact, contract)) | {
        "operation": str(fact.operation_id),
        "run": None if fact.run_id is None else str(fact.run_id),
        "effect": None if fact.run is None else fact.run.effect,
    }


def _which_workflow(contract: Contract) -> dict[str, str]:
    """Said only where there are several."""
    return {"workflow": contract.name} if len(contracts_of(contract.model)) > 1 else {}


def _common(fact: Fact, contract: Contract, text: str) -> dict[str, Any]:
    return {
        "id": str(fact.pk),
        "at": stamp(_at(fact)[0]),
        "type": type(fact).__name__.lower(),
        "kind": fact.kind,
        "actor": {"id": fact.actor, "label": _label(fact)},
        "text": text,
        "data": _numbers(fact)
        if isinstance(fact, Tombstone)
        else redact(fact.data, contract.secret),
    }


def _label(fact: Fact) -> str:
    return told_by_actor(fact.actor) if isinstance(fact, Event) else fact.actor_label


def _numbers(fact: Tombstone) -> dict[str, Any]:
    names = ("version", "operations", "events", "runs", "snapshots")
    return {name: getattr(fact, name) for name in names}


def _cursor(fact: Fact) -> str:
    at, last = _at(fact)
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{last}".encode()).decode()


def _place(cursor: str) -> tuple[datetime, UUID]:
    try:
        at, last = base64.urlsafe_b64decode(cursor.encode()).decode().split("|")
        return _moment(at), UUID(last)
    except (ValueError, OverflowError, binascii.Error) as error:
        raise WrongCursor(f"{cursor!r} is no cursor of a timeline.") from error


def _moment(text: str) -> datetime:
    """A moment that the database can compare. Raises ValueError, OverflowError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} does not say in which time zone.")
    return moment.astimezone(UTC)
