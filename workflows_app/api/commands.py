"""Commands over HTTP: the order of checks of a transition.

406, 401 and 429 come before; the lock, and what is checked under it, is the engine's.
"""

from typing import TYPE_CHECKING

from rest_framework.response import Response

from workflows_app.contract.transitions import Transition
from workflows_app.engine import execute
from workflows_app.failures import Refused

from .answers import answer
from .preconditions import read_if_match
from .problems import problem_of
from .refusals import problem_with_object, refuse_stranger
from .sent import read_sent

if TYPE_CHECKING:
    from .views import WorkflowViewSet


def give_command(view: "WorkflowViewSet", transition: Transition) -> Response:
    """Run a transition for the user of this request. Raises Problem, Http404."""
    request = view.request
    sent = read_sent(view, transition.every_name, view.named_object_id())
    if sent.answered:
        return answer(view, sent.answered)
    obj = view.get_object()  # 404
    transition = transition.at(view.state_of(obj, transition))
    refuse_stranger(transition, request.user, obj)  # 403
    sent.demand()  # 415, 413, 400, 422
    versions = read_if_match(request, required=transition.version_required)  # 428, 400
    command = getattr(obj, transition.name)
    try:
        operation = execute(command, by=request.user, version=versions, **sent.told())
    except Refused as refusal:
        raise problem_with_object(view, refusal, transition) from refusal
    return answer(view, operation, obj)


def give_beginning(view: "WorkflowViewSet", transition: Transition) -> Response:
    """Run a transition that creates, for the user of this request. Raises Problem."""
    request = view.request
    sent = read_sent(view, transition.every_name, "")
    if sent.answered:
        return answer(view, sent.answered)
    refuse_stranger(transition, request.user, None)  # 403
    sent.demand()  # 415, 413, 400, 422
    command = getattr(view.model, transition.name)
    try:
        operation = execute(command, by=request.user, **sent.told())
    except Refused as refusal:
        raise problem_of(refusal, transition=transition.name) from refusal
    return answer(view, operation)
