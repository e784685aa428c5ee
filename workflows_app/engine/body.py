"""The body: django-fsm-2 runs it and sets the state, in memory."""

from typing import Any

from django_fsm import TransitionNotAllowed

from workflows_app.contract.watching import Place, inside
from workflows_app.failures import NotAllowed
from workflows_app.models.writing import running_body

from .command import Command
from .request import Request


def run_body(request: Request, obj: Any, command: Command) -> bool:
    """Let django-fsm-2 run the body and set the state; whether a state was entered."""
    fsm_field = obj._meta.get_field(request.contract.field)
    try:
        with (
            running_body(obj),
            command.linked.during_body(),
            inside(Place.BODY, request.transition, obj, request.using),
        ):
            result = fsm_field.change_state(obj, request.transition.body, command)
    except TransitionNotAllowed as error:
        raise NotAllowed(str(error)) from error
    return not request.transition.stays and (
        len(request.transition.targets) == 1 or result is not None
    )
