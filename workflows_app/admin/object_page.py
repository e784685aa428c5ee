"""The object page: what stands above and below the form on a workflow object's change page."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin.sites import AdminSite
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from workflows_app.contract.registry import contract_of
from workflows_app.describe.status import status
from workflows_app.describe.timeline import WrongCursor, timeline
from workflows_app.models import EffectRun, Event, Operation
from workflows_app.models.identity import object_id_of

from .addresses import command_url, list_url, may_look
from .run_list import run_list
from .words import moment, readable_by_field

TIMELINE_AFTER = "timeline_after"


def object_page(request: HttpRequest, obj: Any, site: AdminSite) -> dict[str, Any]:
    """Everything the page shows besides the form."""
    document = status(obj, user=request.user, href=lambda name: command_url(site, obj, name))
    actions = document["actions"]
    return {
        "statuses": readable_by_field(document, only=contract_of(obj).field),
        "commands": [action for action in actions if action["allowed"]],
        "refused": [action for action in actions if not action["allowed"]],
        "lists": list(_lists(request, obj, site)),
        **run_list(request, obj, site),
        **_timeline(obj, request.GET.get(TIMELINE_AFTER)),
    }


def _lists(request: HttpRequest, obj: Any, site: AdminSite) -> Iterator[dict[str, Any]]:
    """Links to the rows of this object, for those who may look at them."""
    mine = {"object_type": contract_of(obj).object_type, "object_id": object_id_of(obj)}
    rows = ((Operation, _("Operations")), (EffectRun, _("Runs")), (Event, _("Events")))
    for model, label in rows:
        if may_look(request, site, model):
            yield {"label": label, "href": list_url(site, model, **mine)}


def _timeline(obj: Any, after: str | None) -> dict[str, Any]:
    try:
        page = timeline(obj, after=after)
    except WrongCursor:
        page, after = timeline(obj), None
    return {
        "timeline": [told | {"at": moment(told["at"])} for told in page.entries],
        "timeline_next": page.next,
        "timeline_continues": after is not None,
    }
