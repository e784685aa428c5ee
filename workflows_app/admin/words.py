"""Words: how the admin says what rows and documents hold as codes."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from workflows_app.contract.registry import contract_for
from workflows_app.describe.status import Phase
from workflows_app.models import EventKind, Operation, RunState

PHASES: dict[str, Any] = {
    Phase.IN_DOUBT: _("In doubt"),
    Phase.BLOCKED: _("Blocked"),
    Phase.OVERDUE: _("Overdue"),
    Phase.RETRYING: _("Retrying"),
    Phase.WAITING: _("Waiting for the outside"),
    Phase.RUNNING: _("Running"),
    Phase.QUEUED: _("Queued"),
    Phase.NEEDS_PERSON: _("Waiting for a person"),
    Phase.SETTLED_WITH_FAILURES: _("Settled, with a failure"),
    Phase.SETTLED: _("Settled"),
    Phase.CANCELLED: _("Cancelled"),
}

RUN_STATES: dict[str, Any] = {
    RunState.HELD: _("Held"),
    RunState.QUEUED: _("Queued"),
    RunState.RUNNING: _("Running"),
    RunState.WAITING: _("Waiting"),
    RunState.IN_DOUBT: _("In doubt"),
    RunState.DONE: _("Done"),
    RunState.FAILED: _("Failed"),
    RunState.CANCELLED: _("Cancelled"),
    RunState.SKIPPED: _("Skipped"),
}

OUTCOMES: dict[str, Any] = {
    "done": _("succeeded"),
    "accepted": _("accepted, to be confirmed"),
    "cancelled": _("failed; not wanted any more"),
    "retry": _("failed; tried again"),
    "failed": _("failed for good"),
    "in_doubt": _("ended without certainty"),
    EventKind.LEASE_LOST: _("cut off: the worker went away"),
}


def readable(document: dict[str, Any]) -> dict[str, Any]:
    """A status document with its phase in words and its moment as a moment."""
    phase = document["phase"]
    return document | {
        "phase_label": PHASES.get(phase, phase),
        "workflow_label": document.get("workflow", "").replace("_", " ").capitalize(),
        "since": moment(document["since"]),
        "deadlines": [one | {"due": moment(one["due"])} for one in document["deadlines"]],
    }


def readable_by_field(document: dict[str, Any], only: str) -> dict[str, dict[str, Any]]:
    """The documents of an object's workflows by field; of its only one, under the field given."""
    documents: dict[str, dict[str, Any]] = document.get("workflows", {only: document})
    return {field: readable(one) for field, one in documents.items()}


def moment(stamp: str | None) -> datetime | None:
    """The moment behind an ISO 8601 text."""
    return None if stamp is None else datetime.fromisoformat(stamp)


def transition_label(operation: Operation) -> str:
    """The label of an operation's transition, also of one that the contract no longer knows."""
    contract = contract_for(operation.object_type, operation.field)
    known = contract.transition_named(operation.transition)
    if known is None:
        return operation.transition.replace("_", " ").capitalize()
    return known.at(contract.states.present(operation.source)).label


def moment_element(at: datetime) -> Any:
    """A moment for people and for programs."""
    here = timezone.localtime(at)
    return format_html(
        '<time datetime="{}">{}</time>', here.isoformat(), date_format(here, "DATETIME_FORMAT")
    )
