"""Documents: an object with its status, an operation with its addresses, as this API shows them."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.serializers import ModelSerializer

from workflows_app.contract.registry import contract_of
from workflows_app.describe.receipt import receipts
from workflows_app.describe.secrets import redact
from workflows_app.describe.sight import rows_seen
from workflows_app.describe.status import status, statuses
from workflows_app.models import EffectRun, Operation

from .links import object_url, operation_url

if TYPE_CHECKING:
    from .views import WorkflowViewSet

SOON_SECONDS = 1
FOR_A_PERSON_SECONDS = 60


def object_document(
    view: "WorkflowViewSet", obj: Any, runs: Sequence[EffectRun] | None = None
) -> dict[str, Any]:
    """The columns, and the status document as ``workflow``, in the names this view set uses."""
    workflow = status(
        obj,
        user=view.request.user,
        href=lambda name: view.command_url(obj, name),
        runs=runs,
    )
    workflow["editable"] = view.members_of(workflow["editable"])
    return {**_columns(view, obj), "workflow": workflow}


def object_documents(view: "WorkflowViewSet", objects: Sequence[Any]) -> list[dict[str, Any]]:
    """The same for a list, without actions."""
    pairs = zip(objects, statuses(objects), strict=True)
    return [{**_columns(view, obj), "workflow": workflow} for obj, workflow in pairs]


def operation_document(
    request: Request, operation: Operation, among: Sequence[EffectRun] | None = None
) -> dict[str, Any]:
    """The receipt with its addresses."""
    return operation_documents(request, [operation], among)[0]


def operation_documents(
    request: Request, operations: Sequence[Operation], among: Sequence[EffectRun] | None = None
) -> list[dict[str, Any]]:
    """The same for a list. ``among``: the runs that are known already."""
    documents = receipts(operations, among)
    _leave_out_unseen(request.user, documents)
    for document in documents:
        about = document["object"]
        about["url"] = object_url(request, about["type"], about["id"])
        for mentioned in (document, *document["caused"]):
            mentioned["url"] = operation_url(request, mentioned["id"])
    return documents


def _leave_out_unseen(user: Any, documents: Sequence[dict[str, Any]]) -> None:
    """What an operation caused on other objects is for those who see these."""
    elsewhere = {
        mentioned["id"]
        for document in documents
        for mentioned in document["caused"]
        if mentioned["object"] != _about(document)
    }
    if not elsewhere:
        return
    seen = rows_seen(user, Operation.objects.filter(pk__in=elsewhere)).values_list("pk", flat=True)
    hidden = elsewhere - {str(pk) for pk in seen}
    for document in documents:
        document["caused"] = [one for one in document["caused"] if one["id"] not in hidden]


def _about(document: dict[str, Any]) -> dict[str, Any]:
    return {"type": document["object"]["type"], "id": document["object"]["id"]}


def seconds_until_news(document: dict[str, Any]) -> int:
    """When it is worth asking for this operation again."""
    times = ("next_attempt_at", "next_question_at")
    planned = [one[time] for one in document["effects"] for time in times if one[time]]
    if document["state"] == "blocked" or (document["state"] == "in_doubt" and not planned):
        return FOR_A_PERSON_SECONDS
    if not planned:
        return SOON_SECONDS
    wait = datetime.fromisoformat(min(planned)) - timezone.now()
    return max(SOON_SECONDS, math.ceil(wait.total_seconds()))


def plain_serializer(model: Any) -> type[ModelSerializer[Any]]:
    """Every column of the model; what is not editable is read-only."""
    columns = [field.name for field in model._meta.concrete_fields]
    meta = type("Meta", (), {"model": model, "fields": columns})
    return type(f"{model.__name__}Serializer", (ModelSerializer,), {"Meta": meta})


def _columns(view: "WorkflowViewSet", obj: Any) -> dict[str, Any]:
    shown = view.columns_of(obj)
    columns: dict[str, Any] = redact(dict(shown), contract_of(obj).secret)
    return columns
