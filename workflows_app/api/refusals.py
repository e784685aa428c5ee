"""The refusal of a command, with what the client needs to decide again."""

from typing import TYPE_CHECKING, Any

from django.http import Http404

from workflows_app.contract.transitions import Transition
from workflows_app.engine.refuse_edit import PROTECTED
from workflows_app.failures import Forbidden, Invalid, KeyReused, Refused, TryAgain

from .documents import object_document
from .preconditions import entity_tag
from .problems import Problem, problem_of

if TYPE_CHECKING:
    from .views import WorkflowViewSet


def refuse_stranger(transition: Transition, user: Any, obj: Any) -> None:
    """Raise the problem of somebody who may not. ``obj`` is None for a command that creates."""
    if not transition.by.admits(user, obj):
        refusal = Forbidden(f"Only {transition.by} may do this.")
        raise problem_of(refusal, transition=transition.name, who=transition.by.label)


def problem_with_object(
    view: "WorkflowViewSet", refusal: Refused, transition: Transition
) -> Problem | Http404:
    """The problem, and where the object stands now if that is what it is about."""
    members: dict[str, Any] = {"transition": transition.name}
    is_protected = refusal.code == PROTECTED
    if isinstance(refusal, _ABOUT_THE_REQUEST) and not is_protected:
        return problem_of(refusal, **members)
    obj = view.visible_objects().filter(pk=view.named_object_id()).first()
    if obj is None:
        return Http404()
    document = object_document(view, obj)
    actions, tag = document["workflow"]["actions"], entity_tag(obj.version, document)
    members["current"] = {
        "state": view.state_of(obj, transition),
        "version": obj.version,
        "etag": tag,
        "actions": actions,
    }
    if is_protected:
        members["actions"] = actions
    problem = problem_of(refusal, **members)
    problem.headers["ETag"] = tag
    return problem


_ABOUT_THE_REQUEST = (Invalid, Forbidden, KeyReused, TryAgain)
