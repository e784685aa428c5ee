"""From what the decorators noted to complete transitions: states are looked up, effects spread."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import reduce
from itertools import combinations
from operator import or_
from typing import Any

from workflows_app.failures import ContractError

from .effects import Effect
from .groups import Entry, Group, refuse_twice
from .messages import OnMessage
from .states import State
from .transitions import ANY, DECLARED, MESSAGES, Declared, Transition
from .words import listed, name


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
    messages = getattr(body, MESSAGES, ())
    if declared.source is None:
        _refuse_wrong_creation(called, declared, targets)
    _refuse_lost_messages(called, messages, creates=declared.source is None)
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
        messages=messages,
        supersedes=declared.supersedes,
        undoes=declared.undoes,
    )


def _refuse_wrong_creation(
    called: str, declared: Declared, targets: tuple[str | None, ...]
) -> None:
    if None in targets:
        raise ContractError(
            f"{called}: with source=None there is no state to stay in; say the target= in which the"
            " new object begins."
        )
    if declared.supersedes or declared.undoes:
        raise ContractError(
            f"{called}: with source=None there is nothing yet to supersede or to undo."
        )
    if declared.version_required:
        raise ContractError(
            f"{called}: with source=None nobody can have seen a version; remove version_required."
        )


def _refuse_lost_messages(called: str, messages: tuple[OnMessage, ...], *, creates: bool) -> None:
    for one in messages:
        if creates and one.finds is not None:
            raise ContractError(f"{called} creates: @on_message has no finds=, there is no object.")
        if not creates and one.finds is None:
            raise ContractError(
                f"{called}: @on_message({one.types[0]!r}) does not say whom it is about; write"
                ' finds=lambda payload: {"<column>": payload["data"]["<member>"]}.'
            )


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
) -> dict[str | None, tuple[Entry, ...]]:
    if not isinstance(given, Mapping):
        every_time = _effect_list(called, given)
        return dict.fromkeys(targets, every_time)
    if wrong := [target for target in given if target not in targets]:
        raise ContractError(f"{called}: effects for {wrong}, which are no targets of it.")
    return {target: _effect_list(called, given.get(target, ())) for target in targets}


def _effect_list(called: str, given: Any) -> tuple[Entry, ...]:
    effects = listed(f"{called}: effects", given)
    for effect in effects:
        if not isinstance(effect, Effect | Group):
            raise ContractError(
                f"{called}: {effect!r} is no effect; declare it with @replay_safe, @keyed or"
                " @committed."
            )
    refuse_twice(called, effects)
    return effects


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
        supersedes=(),
        undoes=(),
        version_required=any(way.version_required for way in ways),
        stacked=ways,
    )
