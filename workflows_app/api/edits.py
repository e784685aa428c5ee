"""Edits over HTTP: the order of checks of a PATCH."""

from typing import TYPE_CHECKING

from rest_framework.response import Response

from workflows_app.engine import edit
from workflows_app.engine.edit_transition import EDIT, PATCH
from workflows_app.engine.refuse_edit import refuse_stranger_to_all
from workflows_app.failures import Refused

from .answers import answer
from .preconditions import read_if_match
from .problems import problem_of
from .refusals import problem_with_object
from .sent import read_sent, shape_of_columns

if TYPE_CHECKING:
    from .views import WorkflowViewSet


def give_edit(view: "WorkflowViewSet") -> Response:
    """Edit columns for the user of this request. Raises Problem, Http404."""
    request = view.request
    sent = read_sent(view, (PATCH,), view.named_object_id())
    if sent.answered:
        return answer(view, sent.answered)
    obj = view.get_object()  # 404
    try:
        refuse_stranger_to_all(obj, request.user)  # 403
    except Refused as refusal:
        raise problem_of(refusal) from refusal
    sent.demand()  # 415, 413, 400, 422
    versions = read_if_match(request, required=True)  # 428, 400
    try:
        operation = edit(
            obj, by=request.user, version=versions, shape=shape_of_columns(view), **sent.told()
        )
    except Refused as refusal:
        raise problem_with_object(view, refusal, EDIT) from refusal
    return answer(view, operation, obj)
