"""The contract class: a mixin of the model that holds the transition methods."""

import functools
import re
from collections.abc import Callable, Iterator
from typing import Any, ClassVar

from django.db.models import Model

from workflows_app.failures import ContractError, ProtectedState

from .clock_table import Clock, clock_table, steps_of
from .compiling import compile_transition
from .effects import Effect
from .former import by_every_name
from .fsm import fsm_meta
from .groups import effects_in
from .states import States
from .transitions import DECLARED, Transition
from .who import Who
from .words import name, names


class Workflow:
    """Subclass it with ``states=`` and ``seen_by=``; its ``@transition`` methods are the contract.

    ``override``: who may put an object into any state (nobody, if it is not said); ``field`` names
    the model's status field; ``secret`` lists members of data and columns that
    are never shown in timeline, admin or API. A model may inherit several contracts, each for a
    field of its own.
    """

    workflow_states: ClassVar[type[States]]
    workflow_transitions: ClassVar[dict[str, Transition]]
    workflow_clocks: ClassVar[tuple[Clock, ...]]
    workflow_seen_by: ClassVar[Who]
    workflow_override: ClassVar[Who | None]
    workflow_secret: ClassVar[frozenset[str]]
    workflow_field: ClassVar[str]
    #: In a model that was renamed: the object type under which its rows are kept.
    workflow_object_type: ClassVar[str] = ""
    workflow_name: ClassVar[str]

    def __init_subclass__(
        cls,
        states: type[States] | None = None,
        seen_by: Who | None = None,
        field: str = "status",
        secret: list[str] | tuple[str, ...] = (),
        override: Who | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init_subclass__(**kwargs)
        said = states is not None or seen_by is not None
        inherited = [base for base in cls.__mro__[1:] if "workflow_states" in vars(base)]
        if said or not inherited:
            _refuse_extension(cls, inherited)
            cls.workflow_states = _required_states(cls, states)
            cls.workflow_seen_by = _required_role(cls, seen_by)
            cls.workflow_override = _override_role(cls, override)
            cls.workflow_field = name(f"class {cls.__name__}: field", field)
            cls.workflow_secret = frozenset(names(f"class {cls.__name__}: secret", secret))
            cls.workflow_name = _snake(cls.__name__.removesuffix("Workflow") or cls.__name__)
            cls.workflow_transitions = dict(_compile(cls))
            cls.workflow_clocks = clock_table(cls)
            _refuse_namesakes(cls)
        _refuse_stray_transitions(cls)


def workflows_of(model: type) -> tuple[type[Workflow], ...]:
    """The contracts that a model inherits, in that order; none for a model without."""
    return tuple(base for base in model.__mro__ if "workflow_states" in vars(base))


def _compile(cls: type[Workflow]) -> Iterator[tuple[str, Transition]]:
    for attribute, body in list(vars(cls).items()):
        if hasattr(body, DECLARED):
            _refuse_taken_name(cls, attribute, body)
            transition = compile_transition(body, cls.workflow_states, cls.workflow_field)
            setattr(cls, attribute, _command_only(transition))
            yield attribute, transition


def _command_only(transition: Transition) -> Callable[..., Any]:
    """The method as the model has it: readable for django-fsm-2, refusing to be called."""
    body = transition.body
    body._django_fsm = fsm_meta(transition)  # type: ignore[attr-defined]

    @functools.wraps(body)
    def refuse(self: Any, *args: Any, **kwargs: Any) -> None:
        one = type(self).__name__.lower()
        raise ProtectedState(
            f"{one}.{body.__name__}() changes nothing by itself. Write"
            f" execute({one}.{body.__name__}, by=user, data={{...}})"
            " with execute from workflows_app.engine."
        )

    refuse.workflow_transition = transition  # type: ignore[attr-defined]
    return refuse


def _required_states(cls: type[Workflow], states: Any) -> type[States]:
    if isinstance(states, type) and issubclass(states, States) and states is not States:
        return states
    raise ContractError(f"class {cls.__name__}: say states=<your States class>.")


def _required_role(cls: type[Workflow], seen_by: Any) -> Who:
    if isinstance(seen_by, Who) and not seen_by.admits_system:
        return seen_by
    raise ContractError(f"class {cls.__name__}: say seen_by=<a role>: the people who see it.")


def _override_role(cls: type[Workflow], override: Any) -> Who | None:
    if override is None or (isinstance(override, Who) and not override.admits_system):
        return override
    raise ContractError(f"class {cls.__name__}: override= takes the role of those who may.")


def _refuse_extension(cls: type[Workflow], inherited: list[type]) -> None:
    if inherited:
        raise ContractError(
            f"class {cls.__name__}: a contract extends no other; write all of it in one class"
            f" instead of inheriting {inherited[0].__name__}."
        )


def _refuse_taken_name(cls: type[Workflow], attribute: str, body: Callable[..., Any]) -> None:
    if attribute != body.__name__:
        raise ContractError(
            f"class {cls.__name__}: {attribute} is {body.__name__} under a second name;"
            " write a method of its own."
        )
    if hasattr(Model, attribute):
        raise ContractError(
            f"class {cls.__name__}: {attribute} is a name of every Django model; choose another."
        )


def _refuse_namesakes(cls: type[Workflow]) -> None:
    known: dict[str, Effect] = {}
    ways = [way for step in steps_of(cls) for way in step.ways]
    asked = (e for way in ways for entries in way.effects.values() for e in effects_in(entries))
    for effect in (e for one in asked for e in one.with_undo()):
        if known.setdefault(effect.name, effect) is not effect:
            raise ContractError(
                f"class {cls.__name__}: two effects are called {effect.name}; rename one, because"
                " its runs are stored under this name."
            )
    by_every_name(f"class {cls.__name__}, effect", known.items())
    by_every_name(f"class {cls.__name__}, transition", cls.workflow_transitions.items())


def _refuse_stray_transitions(cls: type[Workflow]) -> None:
    for base in cls.__mro__:
        for attribute, member in vars(base).items():
            stray = hasattr(member, DECLARED)
            if stray and not hasattr(member, "workflow_transition"):
                raise ContractError(
                    f"{base.__name__}.{attribute}: a transition stands in the contract class"
                    " itself (class ...(Workflow, states=..., seen_by=...))."
                )


def _snake(camel: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", camel).lower()
