"""Plain creation over HTTP: the order of checks, where the contract has no command that creates."""

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_permission_codename
from rest_framework.response import Response

from workflows_app.contract.data import bring
from workflows_app.contract.permissions import has_permission
from workflows_app.contract.registry import contract_of
from workflows_app.engine import create
from workflows_app.engine.edit import ask_the_model
from workflows_app.engine.refuse_edit import PROTECTED
from workflows_app.engine.violations import refuse_violations
from workflows_app.failures import Forbidden, Refused
from workflows_app.models.database import database_of

from .answers import answer
from .problems import PROTECTED_FIELD, Problem, problem_of
from .sent import read_sent, shape_of_columns

if TYPE_CHECKING:
    from .views import WorkflowViewSet

CREATE = "create"


def give_creation(view: "WorkflowViewSet") -> Response:
    """Create an object plainly, for the user of this request. Raises Problem."""
    sent = read_sent(view, (CREATE,), "")
    if sent.answered:
        return answer(view, sent.answered)
    _refuse_who_may_not_add(view)  # 403
    sent.demand()  # 415, 413, 400, 422
    _refuse_protected(view, sent.body)  # 422
    try:
        obj = _new_object(view, sent.body)  # 422
        operation = create(obj, by=view.request.user, **sent.told())
    except Refused as refusal:
        # The same request may have won beside us, and have taken what is unique in its columns.
        if earlier := read_sent(view, (CREATE,), "").answered:
            return answer(view, earlier)
        raise problem_of(refusal) from refusal
    return answer(view, operation, None if operation.replayed else obj)


def _refuse_who_may_not_add(view: "WorkflowViewSet") -> None:
    meta = view.model._meta
    permission = f"{meta.app_label}.{get_permission_codename('add', meta)}"
    if not has_permission(view.request.user, permission):
        refusal = Forbidden(f"You need the permission {permission} to create this.")
        raise problem_of(refusal, transition=CREATE, permission=permission)


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
    obj = view.new(**bring(shape_of_columns(view), body).validated)
    ask_the_model(obj)
    refuse_violations(obj, database_of(obj))
    return obj
