"""Actions: a view for each transition of the contract, at its name and at its former ones."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ImproperlyConfigured
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from workflows_app.contract.registry import Contract
from workflows_app.contract.transitions import Transition

from .commands import give_beginning, give_command
from .links import key_in_address, url_of

if TYPE_CHECKING:
    from .views import WorkflowViewSet

COMMAND = "transition_"

Give = Callable[["WorkflowViewSet", Transition], Response]


def add_commands(cls: "type[WorkflowViewSet]", contract: Contract) -> None:
    """Give the view set an action for every transition that has an address of its own.

    The only command that creates has none: it is POST to the list. None of their names shadows
    anything of the view set.
    """
    for transition in contract.all_transitions.values():
        if not transition.creates:
            _add(cls, transition, give_command)
        elif len(contract.all_creations) > 1:
            _refuse_taken_address(cls, transition.name)
            _add(cls, transition, give_beginning)


def command_named(action_name: str) -> str | None:
    """The transition behind the name of an action; None for any other action."""
    is_command = action_name.startswith(COMMAND)
    return action_name.removeprefix(COMMAND) if is_command else None


def route_name(transition: str) -> str:
    """What the address of a transition is called, behind the basename."""
    return f"transition-{transition}"


def _refuse_taken_address(cls: "type[WorkflowViewSet]", name: str) -> None:
    others: list[Any] = cls.get_extra_actions()
    for other in others:
        if not other.detail and other.url_path == name and other.__name__ != f"{COMMAND}{name}":
            raise ImproperlyConfigured(
                f"{cls.__name__}: {name!r} is the address of {other.__name__}() and of the command"
                f" {name}, which creates; give the action another url_path."
            )


def _add(cls: "type[WorkflowViewSet]", transition: Transition, give: Give) -> None:
    detail = not transition.creates
    for address in (transition.name, *_free(cls, transition.was, detail=detail)):
        setattr(cls, f"{COMMAND}{address}", _action(transition, address, give))


def _free(cls: "type[WorkflowViewSet]", was: tuple[str, ...], *, detail: bool) -> list[str]:
    """The former names that can be addresses: those that no other action of the view set has."""
    others: list[Any] = cls.get_extra_actions()
    taken = {other.url_path for other in others if other.detail == detail}
    return [former for former in was if former not in taken]


def _action(transition: Transition, address: str, give: Give) -> Callable[..., Response]:
    """The view of a transition at this address, which is its name or a former one."""
    name, creates = transition.name, transition.creates

    def command(self: "WorkflowViewSet", request: Request, **kwargs: Any) -> Response:
        response = give(self, self.contract.all_transitions[name])
        return _name_successor(self, response, name, address)

    command.__name__ = f"{COMMAND}{address}"
    command.__doc__ = f"The command {name}{', which creates' if creates else ''}."
    extra = action(
        detail=not creates, methods=["post"], url_path=address, url_name=route_name(address)
    )
    return extra(command)


def _name_successor(
    view: "WorkflowViewSet", response: Response, name: str, address: str
) -> Response:
    """Under a former address: say which one it is today."""
    if address != name:
        named = {word: key_in_address(part) for word, part in view.kwargs.items()}
        today = url_of(view.request, f"{view.basename}-{route_name(name)}", **named)
        response.headers["Link"] = f'<{today}>; rel="successor-version"'
    return response
