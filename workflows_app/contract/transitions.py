"""Transitions: the only ways an object moves."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from workflows_app.failures import ContractError

from .effects import Effect
from .guards import Guard
from .who import Who
from .words import listed, names

#: Where a body keeps what its decorators noted, in the order written.
DECLARED = "declared_transitions"

Body = TypeVar("Body", bound=Callable[..., Any])


@dataclass(frozen=True)
class Transition:
    """One declared transition, complete: what the engine, the API and the admin read."""

    name: str
    field: str
    label: str
    description: str
    sources: tuple[str, ...]
    targets: tuple[str | None, ...]
    by: Who
    body: Callable[..., Any]
    data: Any
    guards: tuple[Guard, ...]
    effects: Mapping[str | None, tuple[Effect, ...]]
    version_required: bool
    was: tuple[str, ...]
    #: Where its method carries several declarations: each of them. It stands for all of them then.
    stacked: tuple["Transition", ...] = ()

    @property
    def every_name(self) -> tuple[str, ...]:
        """Its names, oldest first. Keys are made of the first, which no rename changes."""
        return (*self.was, self.name)

    @property
    def ways(self) -> tuple["Transition", ...]:
        """Its declarations, each with sources of its own: mostly only itself."""
        return self.stacked or (self,)

    def at(self, state: str) -> "Transition":
        """The declaration that applies in this state; itself where none does."""
        return next((way for way in self.ways if state in way.sources), self)

    @property
    def creates(self) -> bool:
        """Whether it begins a new object (``source=None``)."""
        return not self.sources

    @property
    def stays(self) -> bool:
        """Whether it never changes the state."""
        return self.targets == (None,)

    def effects_for(self, target: str | None) -> tuple[Effect, ...]:
        """What it asks for when it arrived at this target; None: the state stayed."""
        return self.effects.get(target if target in self.targets else None, ())

    def all_effects(self) -> tuple[Effect, ...]:
        """Every effect it may ask for, each named once."""
        groups = [group for way in self.ways for group in way.effects.values()]
        return tuple({e.name: e for group in groups for e in group}.values())


@dataclass(frozen=True)
class Declared:
    """What the decorator noted; the workflow class turns it into a Transition."""

    source: Any
    target: Any
    by: Who
    data: Any
    guards: tuple[Guard, ...]
    effects: Any
    label: str
    version_required: bool
    was: tuple[str, ...]


def transition(
    *,
    source: Any,
    target: Any,
    by: Who,
    data: Any = None,
    guards: Sequence[Guard] = (),
    effects: Sequence[Effect] | Mapping[Any, Sequence[Effect]] = (),
    label: str = "",
    version_required: bool = False,
    was: Sequence[str] = (),
) -> Callable[[Body], Body]:
    """Declare a method of a Workflow as a legal move.

    ``source``: a state, a list of states, ``"*"`` (any that is not final), or ``None`` (it creates
    a new object, and its body fills it). ``target``: a state; ``None`` (the state stays); or a list
    from which the body returns one. ``by``: who may.
    ``data``: what the command must bring (a serializer class or its dotted path). ``guards``: all
    are asked. ``effects``: a list, or with several targets a dictionary of lists by target.
    ``version_required``: clients must say which version they saw (HTTP: ``If-Match``). ``was``: its
    names in earlier releases, oldest first; their addresses and keys are its own.

    A method may carry several declarations whose sources have nothing in common: one command, and
    the state of the object decides which of them holds.
    """

    def declare(body: Body) -> Body:
        _refuse_wrong_body(body)
        if not isinstance(by, Who):
            raise ContractError(f"{body.__name__}: by= takes a role or SYSTEM, not {by!r}.")
        _refuse_wrong_data(body.__name__, data)
        declared = Declared(
            source=source,
            target=target,
            by=by,
            data=data,
            guards=_guards(body.__name__, guards),
            effects=effects,
            label=label,
            version_required=version_required,
            was=names(f"{body.__name__}: was", was),
        )
        written_below = getattr(body, DECLARED, ())
        setattr(body, DECLARED, (declared, *written_below))
        return body

    return declare


def _refuse_wrong_body(body: Any) -> None:
    called = getattr(body, "__name__", repr(body))
    if inspect.iscoroutinefunction(body):
        raise ContractError(f"{called}: a body is a plain def; async would change the state unrun.")
    if inspect.isgeneratorfunction(body) or inspect.isasyncgenfunction(body):
        raise ContractError(f"{called}: a body is a plain def; with yield it would never run.")
    if not inspect.isfunction(body) or list(inspect.signature(body).parameters) != ["self", "cmd"]:
        raise ContractError(f"{called}: a body is always (self, cmd).")


def _refuse_wrong_data(called: str, data: Any) -> None:
    is_path = isinstance(data, str) and "." in data
    is_shape = isinstance(data, type) and callable(getattr(data, "is_valid", None))
    if data is not None and not is_path and not is_shape:
        raise ContractError(
            f"{called}: data= takes a serializer class or its dotted path, not {data!r}."
        )


def _guards(called: str, given: Any) -> tuple[Guard, ...]:
    guards = listed(f"{called}: guards", given)
    if wrong := [one for one in guards if not isinstance(one, Guard)]:
        raise ContractError(f"{called}: {wrong[0]!r} is no guard; declare it with @guard.")
    return guards
