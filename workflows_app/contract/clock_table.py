"""The clocks of a workflow, complete: which runs where, and what it asks for when it is over."""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workflows_app.failures import ContractError

from .clocks import After
from .effects import Effect
from .former import by_every_name
from .fsm import fsm_meta
from .people import SYSTEM
from .transitions import Transition


@dataclass(frozen=True, eq=False)
class Clock:
    """One After of a workflow, with the states it is for."""

    name: str
    was: tuple[str, ...]
    after: After
    runs_in: tuple[str, ...]
    pauses_in: tuple[str, ...]
    #: What it asks for: a transition of the contract, or one that only asks for the effect.
    #: None where there is no such thing, which a check tells.
    transition: Transition | None
    effect: Effect | None

    @property
    def then(self) -> str:
        """The name of what it asks for."""
        return self.transition.name if self.transition else str(self.after.then)

    @property
    def label(self) -> str:
        """What it asks for, as people call it."""
        return self.transition.label if self.transition else self.then

    @property
    def every_name(self) -> tuple[str, ...]:
        """The names under which rows may have it."""
        return (self.name, *self.was)

    def is_kept_in(self, state: str) -> bool:
        """Whether it runs, or stands still, in this state."""
        return state in self.runs_in or state in self.pauses_in


def clock_table(workflow: Any) -> tuple[Clock, ...]:
    """Every clock that the states of this workflow declare. Raises ContractError."""
    found: dict[After, list[str]] = {}
    for state in workflow.workflow_states.all():
        for after in state.deadlines:
            found.setdefault(after, []).append(str(state))
    return tuple(_clock(workflow, after, tuple(states)) for after, states in found.items())


def steps_of(workflow: Any) -> tuple[Transition, ...]:
    """Everything of a workflow that asks for effects: its transitions, and steps of its clocks."""
    of_clocks = (one.transition for one in workflow.workflow_clocks if one.effect)
    return (*workflow.workflow_transitions.values(), *(step for step in of_clocks if step))


def _clock(workflow: Any, after: After, runs_in: tuple[str, ...]) -> Clock:
    transition, effect = _what_follows(workflow, after)
    if effect is not None:
        transition = _asking_for(effect, workflow.workflow_field, runs_in)
    renamed = transition.was if transition and not after.name else ()
    name = after.name or (transition.name if transition else str(after.then))
    return Clock(
        name=name,
        was=tuple(dict.fromkeys(one for one in (*after.was, *renamed) if one != name)),
        after=after,
        runs_in=runs_in,
        pauses_in=tuple(_pauses(workflow, name, after, runs_in)),
        transition=transition,
        effect=effect,
    )


def _what_follows(workflow: Any, after: After) -> tuple[Transition | None, Effect | None]:
    """The transition, or else the effect, that ``then`` means."""
    if isinstance(after.then, Effect):
        return None, after.then
    transitions: Mapping[str, Transition] = workflow.workflow_transitions
    known = by_every_name(workflow.__name__, transitions.items()).get(after.then)
    return (known, None) if known else (None, _effect_called(after.then, workflow))


def _effect_called(name: str, workflow: Any) -> Effect | None:
    """One that a transition asks for; or, as no transition need do so, one of the same file."""
    asked = {e.name: e for t in workflow.workflow_transitions.values() for e in t.all_effects()}
    there = getattr(sys.modules.get(workflow.__module__), name, None)
    return by_every_name(workflow.__name__, asked.items()).get(name) or (
        there if isinstance(there, Effect) else None
    )


def _asking_for(effect: Effect, field: str, states: tuple[str, ...]) -> Transition:
    """A step of the system that leaves the state alone and asks for this effect."""

    def body(self: Any, cmd: Any) -> None:
        """Nothing in the database changes."""

    body.__name__ = effect.name
    step = Transition(
        name=effect.name,
        field=field,
        label=effect.label,
        description="",
        sources=states,
        targets=(None,),
        by=SYSTEM,
        body=body,
        data=None,
        guards=(),
        effects={None: (effect,)},
        version_required=False,
        was=effect.was,
    )
    body._django_fsm = fsm_meta(step)  # type: ignore[attr-defined]
    return step


def _pauses(workflow: Any, name: str, after: After, runs_in: tuple[str, ...]) -> Iterator[str]:
    states = workflow.workflow_states
    for state in after.pauses_in:
        if state not in states.by_value:
            raise ContractError(
                f"Clock {name}: pauses_in={state!r} is not a state of {states.__name__}:"
                f" {', '.join(states.by_value)}."
            )
        if state in runs_in:
            raise ContractError(
                f"Clock {name}: in {state!r} it runs, and pauses_in= says it stands still there."
            )
        yield str(state)
