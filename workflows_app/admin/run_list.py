"""The runs of an object as its page lists them, each with its attempts."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.contrib.admin.sites import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from workflows_app.contract.registry import contract_of
from workflows_app.describe.work import entry, read, told
from workflows_app.models import EffectRun, Event, EventKind, RunState
from workflows_app.models.identity import object_id_of, object_type_of

from .addresses import row_url
from .words import OUTCOMES, RUN_STATES, moment, transition_label

RUNS_SHOWN = 20


def run_list(request: HttpRequest, obj: Any, site: AdminSite) -> dict[str, Any]:
    """The newest runs, newest first; ``more_runs`` says whether there are others."""
    mine = EffectRun.objects.of(object_type_of(obj), object_id_of(obj)).reverse()
    found = list(mine.select_related("operation")[: RUNS_SHOWN + 1])
    attempts = _attempts(found)
    return {
        "runs": [
            {
                **_run(run, obj),
                "attempts_made": attempts[run.pk],
                "href": row_url(request, site, EffectRun, run.pk),
            }
            for run in told(found[:RUNS_SHOWN])
        ],
        "more_runs": len(found) > RUNS_SHOWN,
    }


def run_state(run: EffectRun) -> Any:
    """The state of a run as people say it: queued after a first attempt is retrying."""
    retrying = run.state == RunState.QUEUED and run.attempts > 0
    return _("Retrying") if retrying else RUN_STATES.get(run.state, run.state)


def _run(run: EffectRun, obj: Any) -> dict[str, Any]:
    contract = contract_of(obj, run.operation.field)
    work = read(run, contract, contract.state(contract.state_of(obj)).owner)
    told = entry(work)
    return told | {
        "condition": str(work.condition),
        "state_label": run_state(run),
        "next_attempt_at": moment(told["next_attempt_at"]),
        "next_question_at": moment(told["next_question_at"]),
        "finished_at": run.finished_at,
        "asked_by": transition_label(run.operation),
    }


def _attempts(runs: Sequence[EffectRun]) -> dict[Any, list[dict[str, Any]]]:
    by_run = defaultdict(list)
    ends = (EventKind.ATTEMPT, EventKind.LEASE_LOST)
    for event in Event.objects.filter(run__in=runs, kind__in=ends):
        by_run[event.run_id].append(_attempt(event))
    return by_run


def _attempt(event: Event) -> dict[str, Any]:
    ended = event.data.get("outcome", event.kind)
    return {
        "number": event.data.get("attempt"),
        "at": event.at,
        "outcome": OUTCOMES.get(ended, ended),
        "detail": (event.data.get("failure") or {}).get("detail", ""),
    }
