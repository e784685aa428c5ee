"""The answer to a command: its operation as it is now, and the object if this user may see it."""

from typing import TYPE_CHECKING, Any

from rest_framework.response import Response

from workflows_app.describe.sight import sees
from workflows_app.models import EffectRun, Kind, Operation

from .documents import object_document, operation_document, seconds_until_news
from .preconditions import entity_tag

if TYPE_CHECKING:
    from .views import WorkflowViewSet


def answer(view: "WorkflowViewSet", operation: Operation, obj: Any = None) -> Response:
    """201 for a new object, 202 while something is to be done outside, else 200.

    ``obj`` is the object as the command left it; without one it is looked for.
    """
    seen = _shown(view, operation, obj)
    about = (operation.object_type, operation.object_id, operation.pk)
    runs = EffectRun.objects.concerning(*about)
    told = operation_document(view.request, operation, runs)
    document = None if seen is None else object_document(view, seen, runs)
    return Response(
        {"operation": told, "object": document},
        status=_status(operation, told),
        headers=_headers(view, operation, told, seen, document),
    )


def _shown(view: "WorkflowViewSet", operation: Operation, obj: Any) -> Any:
    if obj is None:
        return view.visible_objects().filter(pk=operation.object_id).first()
    return obj if sees(view.request.user, obj) else None


def _status(operation: Operation, told: dict[str, Any]) -> int:
    if operation.kind == Kind.CREATE:
        return 201
    return 202 if told["effects"] or not told["done"] else 200


def _headers(
    view: "WorkflowViewSet", operation: Operation, told: dict[str, Any], obj: Any, document: Any
) -> dict[str, str]:
    headers = {"Idempotency-Key": view.request.headers["Idempotency-Key"]}
    if operation.replayed:
        headers["Idempotent-Replayed"] = "true"
    if obj is not None:
        headers["ETag"] = entity_tag(obj.version, document)
    status = _status(operation, told)
    where = told["object"]["url"] if status == 201 else told["url"]
    if status != 200 and where:
        headers["Location"] = where
    if status == 202:
        headers["Retry-After"] = str(seconds_until_news(told))
    return headers
