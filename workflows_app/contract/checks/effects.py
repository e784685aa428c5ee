"""Can every effect end well: a follow-up that is legal, somebody who acts, time that suffices?"""

from collections.abc import Iterator, Sequence

from django.core.checks import CheckMessage, Error, Warning

from workflows_app.conf import settings
from workflows_app.contract.effects import ACCEPTED_THEN, UNCONFIRMED, Effect, Safety
from workflows_app.contract.groups import FOLLOW_UPS, Entry, effects_in, followed, groups_in
from workflows_app.contract.registry import Contract
from workflows_app.contract.transitions import Transition

from .superseding import undos_asked_for


def unknown_follow_ups(contract: Contract) -> Iterator[CheckMessage]:
    """What follows is a transition by SYSTEM."""
    for one in _followed(contract):
        for word, name in _follow_ups(one):
            called = _called(one)
            if name not in contract.transitions:
                yield Error(
                    f"{called}: {word}={name!r} is no transition of {contract.workflow.__name__}.",
                    hint=_what_there_is(contract, name),
                    obj=contract.model,
                    id="workflows_app.E020",
                )
            elif not contract.transitions[name].by.admits_system:
                yield Error(
                    f"{called}: {word}={name!r}, which SYSTEM may not do.",
                    hint=f"Add it to the transition: by=... | SYSTEM on {name}.",
                    obj=contract.model,
                    id="workflows_app.E021",
                )
            elif contract.transitions[name].creates:
                yield Error(
                    f"{called}: {word}={name!r}, which creates a new object and moves none.",
                    hint="Name a transition of the object whose effect it is.",
                    obj=contract.model,
                    id="workflows_app.E027",
                )


def illegal_follow_ups(contract: Contract) -> Iterator[CheckMessage]:
    """A follow-up is legal from every state in which its effect may run."""
    for transition, one, word, name, states in _requests(contract):
        follow_up = contract.transitions.get(name)
        if follow_up is None or follow_up.creates:
            continue  # told of above
        stuck = [state for state in states if state not in follow_up.sources]
        barred = [state for state in states if _bars_the_system(follow_up, state)]
        if barred and follow_up.by.admits_system:
            yield Error(
                f"{_called(one)}, asked for by {transition.name}: {word}={name!r}, which SYSTEM"
                f" may not do in {', '.join(barred)}.",
                hint=f"Add it to the declaration for that state: by=... | SYSTEM on {name}.",
                obj=contract.model,
                id="workflows_app.E021",
            )
        if stuck:
            yield Error(
                f"{_called(one)}, asked for by {transition.name}: {word}={name!r} is not possible"
                f" in {', '.join(stuck)}.",
                hint=f"Add the state to source= of {name}, or ask for another effect there.",
                obj=contract.model,
                id="workflows_app.E022",
            )


def unheard_follow_ups(contract: Contract) -> Iterator[CheckMessage]:
    """What a group inside another says is not asked when the outer one says it too."""
    for transition in contract.ways:
        for entries in transition.effects.values():
            heard = {(id(one), word) for one, word, _ in followed(entries)}
            for group in groups_in(entries):
                for word, name in _follow_ups(group):
                    if (id(group), word) not in heard:
                        yield Warning(
                            f"{group.name}, asked for by {transition.name}: {word}={name!r} never"
                            " follows, because the group around it says its own.",
                            hint=f"Remove {word}= from the inner group.",
                            obj=contract.model,
                            id="workflows_app.W028",
                        )


def nobody_acts(contract: Contract) -> Iterator[CheckMessage]:
    """A keyed or committed effect that is dead holds its lane until something or somebody acts.

    For an undo it is whoever answers for what it undoes.
    """
    answered = _answered_by_groups(contract)
    for effect in contract.effects.values():
        silent = effect.otherwise is None and effect.name not in answered
        nobody = effect.owner is None and contract.owner_of_undo(effect) is None
        if effect.safety is not Safety.REPLAY_SAFE and silent and nobody:
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


def _called(one: Entry) -> str:
    return f"Effect {one.name}" if isinstance(one, Effect) else one.name


def _follow_ups(one: Entry) -> Iterator[tuple[str, str]]:
    for word in FOLLOW_UPS:
        if (name := getattr(one, word)) is not None:
            yield word, name
    if isinstance(one, Effect):
        yield from one.while_open()


def _followed(contract: Contract) -> Iterator[Entry]:
    """Every effect, and every group that a transition asks for."""
    yield from contract.effects.values()
    for transition in contract.ways:
        for entries in transition.effects.values():
            yield from groups_in(entries)


def _answered_by_groups(contract: Contract) -> set[str]:
    """The effects that are never asked for but in a group that says ``otherwise``."""
    answered, alone = set(), set()
    for transition in contract.ways:
        for entries in transition.effects.values():
            with_otherwise = [group for group in groups_in(entries) if group.otherwise]
            here = {effect.name for effect in effects_in(with_otherwise)}
            answered |= here
            alone |= {effect.name for effect in effects_in(entries)} - here
    return answered - alone


def _bars_the_system(follow_up: Transition, state: str) -> bool:
    return state in follow_up.sources and not follow_up.at(state).by.admits_system


def _requests(
    contract: Contract,
) -> Iterator[tuple[Transition, Entry, str, str, tuple[str, ...]]]:
    """Which transition asks for what, what follows from that, and the states it may then be in."""
    for transition in (*contract.ways, *contract.clock_steps):
        for target, entries in transition.effects.items():
            states = transition.sources if target is None else (target,)
            yield from _followed_from(contract, transition, entries, states)
    for transition, undo, states in undos_asked_for(contract):
        yield from _followed_from(contract, transition, [undo], states)


def _followed_from(
    contract: Contract, transition: Transition, entries: Sequence[Entry], states: tuple[str, ...]
) -> Iterator[tuple[Transition, Entry, str, str, tuple[str, ...]]]:
    for one, word, name in followed(entries):
        yield transition, one, word, name, _where(contract, one, word, states)
    for effect in effects_in(entries):
        for word, name in effect.while_open():
            yield transition, effect, word, name, _where(contract, effect, word, states)


def _where(contract: Contract, one: Entry, word: str, states: tuple[str, ...]) -> tuple[str, ...]:
    """The states the object may be in when this follows, asked for in one of ``states``."""
    if not isinstance(one, Effect) or word == ACCEPTED_THEN:
        return states
    names = dict(one.while_open())
    accepted = _led_to(contract, names.get(ACCEPTED_THEN), states)
    if word == UNCONFIRMED:
        return accepted
    settled = {*accepted, *_led_to(contract, names.get(UNCONFIRMED), accepted)}
    # What is done was accepted before; what failed need not have been.
    return tuple(sorted(settled if word == "then" else {*states, *settled}))


def _led_to(contract: Contract, name: str | None, states: tuple[str, ...]) -> tuple[str, ...]:
    """Where a transition leads from these states; the same states where there is none."""
    transition = contract.transitions.get(name or "")
    if transition is None:
        return states
    ways = (transition.at(state) for state in states if state in transition.sources)
    targets = {target for way in ways for target in way.targets}
    stays = states if None in targets else ()
    return tuple(sorted({target for target in targets if target is not None} | set(stays)))


ALL = (unknown_follow_ups, illegal_follow_ups, unheard_follow_ups, nobody_acts, too_long)
