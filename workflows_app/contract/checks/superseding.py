"""Does a transition end and undo what there can be, and does each undo exist?"""

from collections.abc import Iterator

from django.core.checks import CheckMessage, Error

from workflows_app.contract.effects import Effect
from workflows_app.contract.groups import effects_in
from workflows_app.contract.registry import Contract
from workflows_app.contract.transitions import ANY, Transition


def never_asked_for(contract: Contract) -> Iterator[CheckMessage]:
    """``supersedes`` and ``undoes`` name effects that some transition asks for."""
    for transition in contract.ways:
        for word, effect in _ended(transition):
            if contract.effects.get(effect.name) is not effect:
                yield Error(
                    f"{transition.name}: {word}=[{effect.name}], which no transition of"
                    f" {contract.workflow.__name__} asks for.",
                    hint=f"It has {', '.join(contract.effects) or 'no effects'}.",
                    obj=contract.model,
                    id="workflows_app.E028",
                )


def cannot_be_undone(contract: Contract) -> Iterator[CheckMessage]:
    """What ``undoes`` names has an undo."""
    for transition in contract.ways:
        for effect in transition.undoes:
            if effect.undo is None:
                yield Error(
                    f"{transition.name}: undoes=[{effect.name}], and nothing undoes it.",
                    hint=f"Say undo=<an effect> of {effect.name}, or supersedes= here.",
                    obj=contract.model,
                    id="workflows_app.E029",
                )


def undos_asked_for(contract: Contract) -> Iterator[tuple[Transition, Effect, tuple[str, ...]]]:
    """The undos that a transition may lead to, and the states it leaves the object in.

    An override does too, and leaves it anywhere: what cannot follow there is told, not refused.
    """
    for transition in contract.ways:
        names = {effect.name for effect in _everything_ended(contract, transition)}
        states = {state for target in transition.targets for state in _led_to(transition, target)}
        for name in sorted(names & contract.effects.keys()):
            undo = contract.effects[name].undo
            if undo is not None:
                yield transition, undo, tuple(sorted(states))


def _led_to(transition: Transition, target: str | None) -> tuple[str, ...]:
    return transition.sources if target is None else (target,)


def _everything_ended(contract: Contract, transition: Transition) -> Iterator[Effect]:
    """``"*"`` is all that is asked for, and leaves undos alone."""
    if transition.supersedes == ANY:
        for step in (*contract.ways, *contract.clock_steps):
            for entries in step.effects.values():
                yield from effects_in(entries)
    yield from (effect for _, effect in _ended(transition))


def _ended(transition: Transition) -> Iterator[tuple[str, Effect]]:
    if not isinstance(transition.supersedes, str):
        yield from (("supersedes", effect) for effect in transition.supersedes)
    yield from (("undoes", effect) for effect in transition.undoes)


ALL = (never_asked_for, cannot_be_undone)
