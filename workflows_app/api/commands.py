"""Commands over HTTP: the order of checks, in one place.

406, 401 and 429 come before; the lock, and what is checked under it, is the engine's.
"""

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.auth import get_permission_codename
from django.http import Http404
from rest_framework.response import Response

from workflows_app.contract.data import bring
from workflows_app.contract.permissions import has_permission
from workflows_app.contract.registry import contract_of
from workflows_app.contract.transitions import Transition
from workflows_app.describe.sight import sees
from workflows_app.engine import create, edit, execute
from workflows_app.engine.edit import EDIT, PATCH, PROTECTED, refuse_stranger_to_all
from workflows_app.engine.idempotency import actor_of, earlier_answer, fingerprint
from workflows_app.engine.violations import refuse_violations
from workflows_app.failures import Forbidden, Invalid, KeyReused, Refused, TryAgain
from workflows_app.models import EffectRun, Kind, Operation
from workflows_app.models.database import database_of

from .bodies import UNREADABLE, read_body
from .documents import object_document, operation_document, seconds_until_news
from .keys import read_key
from .preconditions import entity_tag, read_if_match
from .problems import PROTECTED_FIELD, Problem, problem_of
from .tracing import read_traceparent

if TYPE_CHECKING:
    from .views import WorkflowViewSet

CREATE = "create"

Read = TypeVar("Read")


def give_command(view: "WorkflowViewSet", transition: Transition) -> Response:
    """Run a transition for the user of this request. Raises Problem, Http404."""
    request = view.request
    key, body = read_key(request), read_body(request)
    earlier = _earlier(view, transition.every_name, view.named_object_id(), key, body)
    if isinstance(earlier, Operation):
        return _answer(view, earlier)
    obj = view.get_object()  # 404
    transition = transition.at(view.state_of(obj, transition))
    _refuse_stranger(transition, request.user, obj)  # 403
    _refuse_unreadable(body)  # 415, 413
    _demand(key)  # 400
    _demand(body)  # 400
    _demand(earlier)  # 422: this key stands for another request
    versions = read_if_match(request, required=transition.version_required)  # 428, 400
    try:
        operation = execute(
            getattr(obj, transition.name),
            by=request.user,
            data=body,
            key=str(key),
            version=versions,
            traceparent=read_traceparent(request),
        )
    except Refused as refusal:
        raise _as_problem(view, refusal, transition) from refusal
    return _answer(view, operation, obj)


def give_beginning(view: "WorkflowViewSet", transition: Transition) -> Response:
    """Run a transition that creates, for the user of this request. Raises Problem."""
    request = view.request
    key, body = read_key(request), read_body(request)
    earlier = _earlier(view, transition.every_name, "", key, body)
    if isinstance(earlier, Operation):
        return _answer(view, earlier)
    _refuse_stranger(transition, request.user, None)  # 403
    _refuse_unreadable(body)  # 415, 413
    _demand(key)  # 400
    _demand(body)  # 400
    _demand(earlier)  # 422: this key stands for another request
    try:
        operation = execute(
            getattr(view.model, transition.name),
            by=request.user,
            data=body,
            key=str(key),
            traceparent=read_traceparent(request),
        )
    except Refused as refusal:
        raise problem_of(refusal, transition=transition.name) from refusal
    return _answer(view, operation)


def give_creation(view: "WorkflowViewSet") -> Response:
    """Create an object plainly, for the user of this request. Raises Problem."""
    request = view.request
    key, body = read_key(request), read_body(request)
    earlier = _earlier(view, (CREATE,), "", key, body)
    if isinstance(earlier, Operation):
        return _answer(view, earlier)
    _refuse_who_may_not_add(view)  # 403
    _refuse_unreadable(body)  # 415, 413
    _demand(key)  # 400
    _demand(body)  # 400
    _demand(earlier)  # 422: this key stands for another request
    _refuse_protected(view, body)  # 422
    try:
        obj = _new_object(view, body)  # 422
        operation = create(
            obj,
            by=request.user,
            data=body,
            key=str(key),
            traceparent=read_traceparent(request),
        )
    except Refused as refusal:
        raise problem_of(refusal) from refusal
    return _answer(view, operation, None if operation.replayed else obj)


def give_edit(view: "WorkflowViewSet") -> Response:
    """Edit columns for the user of this request. Raises Problem, Http404."""
    request = view.request
    key, body = read_key(request), read_body(request)
    earlier = _earlier(view, (PATCH,), view.named_object_id(), key, body)
    if isinstance(earlier, Operation):
        return _answer(view, earlier)
    obj = view.get_object()  # 404
    try:
        refuse_stranger_to_all(obj, request.user)  # 403
    except Refused as refusal:
        raise problem_of(refusal) from refusal
    _refuse_unreadable(body)  # 415, 413
    _demand(key)  # 400
    _demand(body)  # 400
    _demand(earlier)  # 422: this key stands for another request
    versions = read_if_match(request, required=True)  # 428, 400
    try:
        operation = edit(
            obj,
            by=request.user,
            data=body,
            key=str(key),
            version=versions,
            traceparent=read_traceparent(request),
            shape=_shape(view),
        )
    except Refused as refusal:
        raise _as_problem(view, refusal, EDIT) from refusal
    return _answer(view, operation, obj)


def _earlier(
    view: "WorkflowViewSet",
    names: tuple[str, ...],
    object_id: str | None,
    key: str | Problem,
    body: Any,
) -> Operation | Problem | None:
    """What this actor's key already stands for: this request, another one, or nothing.

    A request that cannot be read is no hit: what is wrong with it is said in its turn.
    """
    if isinstance(key, Problem) or isinstance(body, Exception) or object_id is None:
        return None
    using = database_of(view.model)
    try:
        about = (contract_of(view.model).object_type, object_id, body)
        asked = (fingerprint(name, *about) for name in names)
        return earlier_answer(using, actor_of(view.request.user), key, *asked)
    except KeyReused as refusal:
        return problem_of(refusal)
    except Invalid:
        return None


def _refuse_stranger(transition: Transition, user: Any, obj: Any) -> None:
    if not transition.by.admits(user, obj):
        refusal = Forbidden(f"Only {transition.by} may do this.")
        raise problem_of(refusal, transition=transition.name, who=transition.by.label)


def _refuse_who_may_not_add(view: "WorkflowViewSet") -> None:
    meta = view.model._meta
    permission = f"{meta.app_label}.{get_permission_codename('add', meta)}"
    if not has_permission(view.request.user, permission):
        refusal = Forbidden(f"You need the permission {permission} to create this.")
        raise problem_of(refusal, transition=CREATE, permission=permission)


def _refuse_unreadable(body: Any) -> None:
    if isinstance(body, UNREADABLE):
        raise body


def _demand(read: Read) -> Read:
    """What was read, unless reading it found a fault."""
    if isinstance(read, Exception):
        raise read
    return read


def _refuse_protected(view: "WorkflowViewSet", body: Any) -> None:
    protected = contract_of(view.model).protected
    if named := [name for name in protected if isinstance(body, dict) and name in body]:
        told = f"Only a command writes {', '.join(named)}."
        errors = [
            {"pointer": f"#/{name}", "detail": "Only a command writes it.", "code": PROTECTED}
            for name in named
        ]
        raise Problem(PROTECTED_FIELD, told, errors=errors)


def _new_object(view: "WorkflowViewSet", body: Any) -> Any:
    """An unsaved object from what was sent. Raises Invalid."""
    obj = view.new(**bring(_shape(view), body).validated)
    refuse_violations(obj, database_of(obj))
    return obj


def _shape(view: "WorkflowViewSet") -> Any:
    """What validates columns that were sent."""
    return partial(view.get_object_serializer_class(), context=view.get_serializer_context())


def _answer(view: "WorkflowViewSet", operation: Operation, obj: Any = None) -> Response:
    """The operation as it is now, and the object if this user may see it."""
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
    return 202 if told["effects"] else 200


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


def _as_problem(
    view: "WorkflowViewSet", refusal: Refused, transition: Transition
) -> Problem | Http404:
    """The refusal with what the client needs to decide again: where the object stands now."""
    members: dict[str, Any] = {"transition": transition.name}
    is_about_the_object = not isinstance(refusal, Invalid | Forbidden | KeyReused | TryAgain)
    if not is_about_the_object and refusal.code != PROTECTED:
        return problem_of(refusal, **members)
    obj = view.visible_objects().filter(pk=view.named_object_id()).first()
    if obj is None:
        return Http404()
    document = object_document(view, obj)
    tag = entity_tag(obj.version, document)
    members["current"] = {
        "state": contract_of(obj, transition.field).state_of(obj),
        "version": obj.version,
        "etag": tag,
        "actions": document["workflow"]["actions"],
    }
    if refusal.code == PROTECTED:
        members["actions"] = document["workflow"]["actions"]
    problem = problem_of(refusal, **members)
    problem.headers["ETag"] = tag
    return problem
