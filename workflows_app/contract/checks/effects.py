"""Can every effect end well: a follow-up that is legal, somebody who acts, time that suffices?"""

from collections.abc import Iterator

from django.core.checks import CheckMessage, Error

from workflows_app.conf import settings
from workflows_app.contract.effects import Effect, Safety
from workflows_app.contract.registry import Contract
from workflows_app.contract.transitions import Transition


def unknown_follow_ups(contract: Contract) -> Iterator[CheckMessage]:
    """``then`` and ``otherwise`` name transitions by SYSTEM."""
    for effect in contract.effects.values():
        for word, name in _follow_ups(effect):
            if name not in contract.transitions:
                yield Error(
                    f"Effect {effect.name}: {word}={name!r} is no transition of"
                    f" {contract.workflow.__name__}.",
                    hint=_what_there_is(contract, name),
                    obj=contract.model,
                    id="workflows_app.E020",
                )
            elif not contract.transitions[name].by.admits_system:
                yield Error(
                    f"Effect {effect.name}: {word}={name!r}, which SYSTEM may not do.",
                    hint=f"Add it to the transition: by=... | SYSTEM on {name}.",
                    obj=contract.model,
                    id="workflows_app.E021",
                )
            elif contract.transitions[name].creates:
                yield Error(
                    f"Effect {effect.name}: {word}={name!r}, which creates a new object and moves"
                    " none.",
                    hint="Name a transition of the object whose effect it is.",
                    obj=contract.model,
                    id="workflows_app.E027",
                )


def illegal_follow_ups(contract: Contract) -> Iterator[CheckMessage]:
    """A follow-up is legal from every state in which its effect may run."""
    for transition, effect, states in _requests(contract):
        for word, name in _follow_ups(effect):
            follow_up = contract.transitions.get(name)
            if follow_up is None or follow_up.creates:
                continue  # told of above
            stuck = [state for state in states if state not in follow_up.sources]
            barred = [state for state in states if _bars_the_system(follow_up, state)]
            if barred and follow_up.by.admits_system:
                yield Error(
                    f"Effect {effect.name}, asked for by {transition.name}: {word}={name!r}, which"
                    f" SYSTEM may not do in {', '.join(barred)}.",
                    hint=f"Add it to the declaration for that state: by=... | SYSTEM on {name}.",
                    obj=contract.model,
                    id="workflows_app.E021",
                )
            if stuck:
                yield Error(
                    f"Effect {effect.name}, asked for by {transition.name}: {word}={name!r} is not"
                    f" possible in {', '.join(stuck)}.",
                    hint=f"Add the state to source= of {name}, or ask for another effect there.",
                    obj=contract.model,
                    id="workflows_app.E022",
                )


def nobody_acts(contract: Contract) -> Iterator[CheckMessage]:
    """A keyed effect that is dead holds its lane until something or somebody acts."""
    for effect in contract.effects.values():
        if effect.safety is Safety.KEYED and effect.otherwise is None and effect.owner is None:
            yield Error(
                f"Effect {effect.name}: when it is dead, nothing happens and nobody is told.",
                hint="Say otherwise=<a transition> or owner=<a role>.",
                obj=contract.model,
                id="workflows_app.E024",
            )


def too_long(contract: Contract) -> Iterator[CheckMessage]:
    """Retries end inside the key's window; an attempt ends inside half a lease."""
    for effect in contract.effects.values():
        longest = effect.retry.give_up_after + settings.LEASE
        if effect.window is not None and longest > effect.window:
            yield Error(
                f"Effect {effect.name}: give_up_after plus a lease is {longest}, longer than the"
                f" key's window of {effect.window}: a late try would be a second one.",
                hint="Shorten give_up_after in Retry(...), or say how long the remote keeps keys.",
                obj=contract.model,
                id="workflows_app.E025",
            )
        if effect.timeout > settings.LEASE / 2:
            yield Error(
                f"Effect {effect.name}: timeout={effect.timeout} is more than half the lease of"
                f" {settings.LEASE}.",
                hint='Shorten timeout=, or raise WORKFLOWS["LEASE"].',
                obj=contract.model,
                id="workflows_app.E026",
            )


def _what_there_is(contract: Contract, name: str) -> str:
    today = contract.transition_named(name)
    if today is not None and today.name != name:
        return f"It is called {today.name!r} now."
    return f"It has {', '.join(contract.transitions)}."


def _follow_ups(effect: Effect) -> Iterator[tuple[str, str]]:
    for word, name in (("then", effect.then), ("otherwise", effect.otherwise)):
        if name is not None:
            yield word, name


def _bars_the_system(follow_up: Transition, state: str) -> bool:
    return state in follow_up.sources and not follow_up.at(state).by.admits_system


def _requests(contract: Contract) -> Iterator[tuple[Transition, Effect, tuple[str, ...]]]:
    """Which transition asks for which effect, and the states it may then stand in."""
    for transition in contract.ways:
        for target, effects in transition.effects.items():
            states = transition.sources if target is None else (target,)
            for effect in effects:
                yield transition, effect, states


ALL = (unknown_follow_ups, illegal_follow_ups, nobody_acts, too_long)
