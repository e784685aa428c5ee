"""Transitions: the only ways an object moves."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import combinations
from operator import or_
from typing import Any, TypeVar

from workflows_app.failures import ContractError

from .effects import Effect
from .guards import Guard
from .people import Who
from .states import State
from .words import listed, name, names

ANY = "*"
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


def compile_transition(body: Callable[..., Any], states: Any, field: str) -> Transition:
    """The complete transition of this field, for these states.

    Raises ContractError for what does not exist.
    """
    name("The name of a transition", body.__name__)
    declared: tuple[Declared, ...] = getattr(body, DECLARED)
    was = tuple(dict.fromkeys(former for one in declared for former in one.was))
    ways = tuple(_compile(body, one, states, field, was) for one in declared)
    _refuse_overlap(ways)
    return ways[0] if len(ways) == 1 else _joined(ways)


def _compile(
    body: Callable[..., Any], declared: Declared, states: Any, field: str, was: tuple[str, ...]
) -> Transition:
    called = body.__name__
    targets = _targets(called, declared.target, states)
    if declared.source is None:
        _refuse_wrong_creation(called, declared, targets)
    return Transition(
        name=called,
        field=field,
        label=declared.label or called.replace("_", " ").capitalize(),
        description=inspect.cleandoc(body.__doc__ or ""),
        sources=_sources(called, declared.source, states),
        targets=targets,
        by=declared.by,
        body=body,
        data=declared.data,
        guards=declared.guards,
        effects=_effects(called, declared.effects, targets),
        version_required=declared.version_required,
        was=tuple(name(f"{called}: was", former) for former in was),
    )


def _joined(ways: tuple[Transition, ...]) -> Transition:
    """What stands for all declarations of a method: whoever may, from wherever, to wherever."""
    people = {way.by.meaning: way.by for way in ways}
    return replace(
        ways[0],
        sources=tuple(source for way in ways for source in way.sources),
        targets=tuple(dict.fromkeys(target for way in ways for target in way.targets)),
        by=reduce(or_, people.values()),
        data=None,
        guards=(),
        effects={},
        version_required=any(way.version_required for way in ways),
        stacked=ways,
    )


def _refuse_overlap(ways: tuple[Transition, ...]) -> None:
    for one, other in combinations(ways, 2):
        if one.creates or other.creates:
            raise ContractError(
                f"{one.name}: a method with source=None has no second @transition, because what"
                " creates an object is not named by one; write a second method with a name of its"
                " own."
            )
        if both := [source for source in one.sources if source in other.sources]:
            raise ContractError(
                f"{one.name}: two of its declarations begin in {', '.join(map(repr, both))}; the"
                " state decides which one holds, so each state belongs to one."
            )


def _refuse_wrong_body(body: Any) -> None:
    called = getattr(body, "__name__", repr(body))
    if inspect.iscoroutinefunction(body):
        raise ContractError(f"{called}: a body is a plain def; async would change the state unrun.")
    if inspect.isgeneratorfunction(body) or inspect.isasyncgenfunction(body):
        raise ContractError(f"{called}: a body is a plain def; with yield it would never run.")
    if not inspect.isfunction(body) or list(inspect.signature(body).parameters) != ["self", "cmd"]:
        raise ContractError(f"{called}: a body is always (self, cmd).")


def _refuse_wrong_creation(
    called: str, declared: Declared, targets: tuple[str | None, ...]
) -> None:
    if None in targets:
        raise ContractError(
            f"{called}: with source=None there is no state to stay in; say the target= in which the"
            " new object begins."
        )
    if declared.version_required:
        raise ContractError(
            f"{called}: with source=None nobody can have seen a version; remove version_required."
        )


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


def _sources(called: str, source: Any, states: Any) -> tuple[str, ...]:
    if isinstance(source, str) and source == ANY:
        return tuple(str(state) for state in states.all() if not state.final)
    if source is None:
        return ()
    sources = _known(called, "source", source, states)
    if not sources:
        raise ContractError(f"{called}: source=[] begins nowhere.")
    return sources


def _targets(called: str, target: Any, states: Any) -> tuple[str | None, ...]:
    choice = target if isinstance(target, list | tuple) else [target]
    if not choice:
        raise ContractError(f"{called}: target=[] leads nowhere.")
    moves = [one for one in choice if one is not None]
    stays = (None,) if None in choice else ()
    return (*_known(called, "target", moves, states), *stays)


def _known(called: str, what: str, given: Any, states: Any) -> tuple[str, ...]:
    listed_states = listed(f"{called}: {what}", [given] if isinstance(given, str) else given)
    for state in listed_states:
        declared = states.by_value.get(state) if isinstance(state, str) else None
        if declared is None or (isinstance(state, State) and state is not declared):
            raise ContractError(
                f"{called}: {what}={state!r} is not a state of {states.__name__}:"
                f" {', '.join(states.by_value)}."
            )
    return tuple(str(state) for state in listed_states)


def _effects(
    called: str, given: Any, targets: tuple[str | None, ...]
) -> dict[str | None, tuple[Effect, ...]]:
    if not isinstance(given, Mapping):
        every_time = _effect_list(called, given)
        return dict.fromkeys(targets, every_time)
    if wrong := [target for target in given if target not in targets]:
        raise ContractError(f"{called}: effects for {wrong}, which are no targets of it.")
    return {target: _effect_list(called, given.get(target, ())) for target in targets}


def _effect_list(called: str, given: Any) -> tuple[Effect, ...]:
    effects = listed(f"{called}: effects", given)
    for effect in effects:
        if not isinstance(effect, Effect):
            raise ContractError(
                f"{called}: {effect!r} is no effect; declare it with @replay_safe or @keyed."
            )
    return effects
