"""Paths: the shortest way to every transition of a contract, and so to every state."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from workflows_app.contract.effects import ACCEPTED_THEN, UNCONFIRMED
from workflows_app.contract.groups import Entry, effects_in, followed
from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import Contract, contract_of
from workflows_app.contract.transitions import Transition


@dataclass(frozen=True)
class Step:
    """One transition on a path."""

    transition: str
    #: The state it begins in; None where it creates the object.
    source: str | None
    #: The state it leads to.
    target: str
    #: Whom the contract names: people's roles, or the system.
    by: str
    #: The effect or group that it follows; it has none where somebody commands it.
    effect: str = ""
    #: Whether it follows because that effect failed.
    failed: bool = False
    #: Whether it follows because the outside has accepted that effect, and not ended it yet.
    accepted: bool = False
    #: Whether it follows because nobody has confirmed that effect in time.
    unconfirmed: bool = False

    @property
    def ends(self) -> bool:
        """Whether that effect has ended by then."""
        return not (self.accepted or self.unconfirmed)

    def __str__(self) -> str:
        how = f"by {self.by}"
        if self.effect:
            how = f"after {self.effect} {self._how_it_went()}"
        return f"{self.transition} {how} → {self.target}"

    def _how_it_went(self) -> str:
        if self.unconfirmed:
            return "was not confirmed"
        if self.accepted:
            return "was accepted"
        return "failed" if self.failed else "was done"


@dataclass(frozen=True)
class Path:
    """The shortest way through one transition to one of its targets."""

    model: type[Any]
    #: The model's status field whose workflow it is.
    field: str
    #: The transition and the target that it is about; a state of its own has no transition.
    transition: str
    target: str
    steps: tuple[Step, ...] = ()
    #: Why there is no way; empty where there is one.
    why_not: str = ""

    def __str__(self) -> str:
        """Short, as pytest names a test: ``approve-paying``."""
        return f"{self.transition or 'state'}-{self.target}"

    @property
    def told(self) -> str:
        """Every step in words, one a line; or why there is none."""
        return "\n".join(map(str, self.steps)) or f"no way to {self}: {self.why_not}"


@dataclass(frozen=True)
class _Where:
    """Where an object can be: its state, and the effects under way that something follows from."""

    state: str | None
    pending: frozenset[str]


def paths(model: type[Any], *, field: str = "") -> list[Path]:
    """The shortest path through every transition to each of its targets, in the contract's order.

    Together they come to every state that can be reached. What cannot, a state or a transition,
    is a path without steps that says why; so is a transition by the system that only follows an
    effect nobody asks for. Guards are not asked: what they say is seen when a path is walked.
    ``field`` chooses among several workflows of one model.
    """
    contract = contract_of(model, field)
    found, reached = _explore(contract)
    ways = [
        found.get((one.name, target)) or _no_way(contract, one, target, reached)
        for one in contract.transitions.values()
        for target in _targets_of(one)
    ]
    lost = [
        Path(
            model,
            contract.field,
            "",
            str(state),
            why_not="No transition that can be reached leads there.",
        )
        for state in contract.states.all()
        if str(state) not in reached
    ]
    return ways + lost


def _explore(contract: Contract) -> tuple[dict[tuple[str, str], Path], set[str]]:
    """Breadth first: the first way through a transition to a target is a shortest one."""
    start = None if contract.creations else str(contract.states.initial)
    begin = _Where(start, frozenset())
    found: dict[tuple[str, str], Path] = {}
    ways: dict[_Where, tuple[Step, ...]] = {begin: ()}
    queue = deque([begin])
    while queue:
        here = queue.popleft()
        for transition, target, step, there in _moves(contract, here):
            steps = (*ways[here], step)
            path = Path(contract.model, contract.field, transition.name, target, steps)
            found.setdefault((transition.name, target), path)
            if there not in ways:
                ways[there] = steps
                queue.append(there)
    return found, {str(where.state) for where in ways if where.state is not None}


def _moves(contract: Contract, here: _Where) -> Iterator[tuple[Transition, str, Step, _Where]]:
    for transition in contract.transitions.values():
        begins_here = transition.creates if here.state is None else here.state in transition.sources
        for target in _targets_of(transition) if begins_here else ():
            to = str(here.state) if target == STAYS else target
            step = Step(transition.name, here.state, to, str(transition.by))
            asked = transition.effects_for(None if target == STAYS else target)
            pending = here.pending | {one.name for one, _, _ in _all_followed(asked)}
            for way, ended in _ways(contract, here, transition, step):
                yield transition, target, way, _Where(to, pending - ended)


def _ways(
    contract: Contract, here: _Where, transition: Transition, step: Step
) -> Iterator[tuple[Step, frozenset[str]]]:
    """Somebody commands it; it follows an effect under way; or the system may, as for a clock."""
    if transition.by is not SYSTEM:
        yield step, frozenset()
        return
    followed = list(_followed(contract, transition.name))
    for effect, word in followed:
        if effect.name in here.pending:
            way = replace(
                step,
                effect=effect.name,
                failed=word == "otherwise",
                accepted=word == ACCEPTED_THEN,
                unconfirmed=word == UNCONFIRMED,
            )
            yield way, frozenset([effect.name] if way.ends else [])
    if not followed or any(clock.transition is transition for clock in contract.clocks):
        yield step, frozenset()


def _followed(contract: Contract, name: str) -> Iterator[tuple[Entry, str]]:
    """The effects and groups that a transition follows, and the word by which it does."""
    asked = [entries for way in contract.ways for entries in way.effects.values()]
    named = {effect.name for entries in asked for effect in effects_in(entries)}
    asked.append(tuple(one for one in contract.effects.values() if one.name not in named))
    each = (
        (one, word) for entries in asked for one, word, to in _all_followed(entries) if to == name
    )
    yield from {(one.name, word): (one, word) for one, word in each}.values()


def _all_followed(entries: tuple[Entry, ...]) -> Iterator[tuple[Entry, str, str]]:
    yield from followed(entries)
    for effect in effects_in(entries):
        yield from ((effect, word, name) for word, name in effect.while_open())


STAYS = "stays"


def _targets_of(transition: Transition) -> list[str]:
    return [STAYS if target is None else target for target in transition.targets]


_NOBODY_LEADS_THERE = "No transition that can be reached leads there."


def _no_way(contract: Contract, transition: Transition, target: str, reached: set[str]) -> Path:
    told = f"It begins in {' or '.join(transition.sources)}, which no path leads to."
    if set(transition.sources) & reached:
        effects = " or ".join(one.name for one, _ in _followed(contract, transition.name))
        told = f"It follows {effects}, which is under way in none of the states it begins in."
    return Path(contract.model, contract.field, transition.name, target, why_not=told)
