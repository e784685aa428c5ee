"""Coverage: what the contracts declare, and which of it a suite has never driven."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from workflows_app.contract.effects import Effect
from workflows_app.contract.groups import Entry, effects_in
from workflows_app.contract.guards import Guard
from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import Contract, contract_of, contracts
from workflows_app.contract.transitions import Transition
from workflows_app.engine.answers import Answer, Failed, Happened
from workflows_app.engine.idempotency import SYSTEM_ACTOR
from workflows_app.engine.signals import attempt_answered, command_accepted, guard_answered
from workflows_app.models import EffectRun, Kind, Operation

STAYS = "stays"


@dataclass(frozen=True, order=True)
class Declared:
    """One thing that a contract declares and a suite can drive."""

    #: As operations name the model: ``claims.claim``.
    object_type: str
    #: transition, guard, effect or failure.
    kind: str
    #: Its name in the contract; a failure has its effect's.
    name: str
    #: What can happen to it: the target of a transition, the answer of a guard, ...
    what: str

    def __str__(self) -> str:
        return f"{self.kind:<10} {self.name:<24} {_NEVER[self.kind].format(self.what)}"


_NEVER = {
    "transition": "never accepted: {}",
    "guard": "never said {}",
    "effect": "never {}",
    "failure": "never raised {}",
}


class Coverage:
    """What is driven while it watches: ``with Coverage() as coverage: ...``.

    A command counts when it is accepted (one that another command asked for: when that is), a
    guard when it was asked for a command, a failure when an attempt ended with it. It sees this
    process and its threads.
    """

    def __init__(self) -> None:
        #: Everything that happened, whether a contract declares it or not.
        self.driven: set[Declared] = set()
        self._inner: dict[str, list[tuple[Operation, set[Declared]]]] = defaultdict(list)

    def __enter__(self) -> "Coverage":
        command_accepted.connect(self._accepted)
        guard_answered.connect(self._asked)
        attempt_answered.connect(self._attempted)
        return self

    def __exit__(self, *raised: object) -> None:
        command_accepted.disconnect(self._accepted)
        guard_answered.disconnect(self._asked)
        attempt_answered.disconnect(self._attempted)

    def undriven(self, *models: type[Any]) -> list[Declared]:
        """What these contracts declare, or all of them, and nothing has driven; in their order."""
        return [one for one in declared(*models) if one not in self.driven]

    def percent(self, *models: type[Any]) -> float:
        """How much of what is declared was driven; 100 where nothing is declared."""
        return _percent(list(declared(*models)), self.undriven(*models))

    def report(self, *models: type[Any]) -> str:
        """A table for people: a line for every contract, and below it what was never driven."""
        types = dict.fromkeys(one.object_type for one in _contracts(models))
        return "\n".join(line for about in types for line in self._lines(about))

    def as_json(self, *models: type[Any]) -> dict[str, Any]:
        """The same for programs, by object type."""
        types = dict.fromkeys(one.object_type for one in _contracts(models))
        return {about: self._numbers(about) for about in types}

    def _lines(self, object_type: str) -> Iterator[str]:
        every, left = self._split(object_type)
        driven = f"{len(every) - len(left)} of {len(every)} driven"
        yield f"{object_type}: {driven} ({_percent(every, left):.0f} %)"
        yield from (f"  {one}" for one in left)

    def _numbers(self, object_type: str) -> dict[str, Any]:
        every, left = self._split(object_type)
        return {
            "declared": len(every),
            "percent": round(_percent(every, left), 1),
            "undriven": [{"kind": o.kind, "name": o.name, "what": o.what} for o in left],
        }

    def _split(self, object_type: str) -> tuple[list[Declared], list[Declared]]:
        every = [one for one in declared() if one.object_type == object_type]
        return every, [one for one in every if one not in self.driven]

    def _accepted(self, operation: Operation, effects: Iterable[Entry], **signal: Any) -> None:
        """Inside a command it waits for that one's acceptance: a refusal undoes both."""
        driven = set(_driven_by(operation, effects))
        if operation.cause.startswith("operation:"):
            self._inner[operation.cause].append((operation, driven))
        else:
            self._count(operation, driven)

    def _count(self, operation: Operation, driven: set[Declared]) -> None:
        self.driven |= driven
        for inner, by_inner in self._inner.pop(operation.as_cause(), ()):
            self._count(inner, by_inner)

    def _asked(self, sender: Any, guard: Guard, answer: bool, **signal: Any) -> None:
        said = "yes" if answer else "no"
        self.driven.add(Declared(contract_of(sender).object_type, "guard", guard.name, said))

    def _attempted(self, run: EffectRun, effect: Effect, answer: Answer, **signal: Any) -> None:
        kind, what = "effect", "done" if isinstance(answer, Happened) else "accepted"
        if isinstance(answer, Failed):
            kind, what = "failure", answer.failure.code
        self.driven.add(Declared(run.object_type, kind, effect.name, what))
        if run.undoes_id:  # asked for when an outcome was stored, by no command
            self.driven.add(Declared(run.object_type, "effect", effect.name, "asked for"))


def declared(*models: type[Any]) -> Iterator[Declared]:
    """Everything that can be driven of these models' contracts, or of all, in their order."""
    yield from dict.fromkeys(one for contract in _contracts(models) for one in _declared(contract))


def _contracts(models: Iterable[type[Any]]) -> list[Contract]:
    types = {contract_of(model).object_type for model in models}
    return [one for one in contracts() if not types or one.object_type in types]


def _percent(every: list[Declared], left: list[Declared]) -> float:
    return 100.0 if not every else 100.0 * (len(every) - len(left)) / len(every)


def _declared(contract: Contract) -> Iterator[Declared]:
    about = contract.object_type
    for transition in contract.ways:
        for target in transition.targets:
            for actor in _actors(transition):
                yield Declared(about, "transition", transition.name, _move(target, actor))
    for transition in contract.ways:
        for guard in transition.guards:
            yield Declared(about, "guard", guard.name, "yes")
            yield Declared(about, "guard", guard.name, "no")
    for effect in contract.effects.values():
        yield Declared(about, "effect", effect.name, "asked for")
        if effect.confirmed_by is not None:
            yield Declared(about, "effect", effect.name, "accepted")
        yield Declared(about, "effect", effect.name, "done")
        for failure in effect.fails_with:
            yield Declared(about, "failure", effect.name, failure.code)


def _actors(transition: Transition) -> list[str]:
    """Who can be told apart in an operation; nobody is named where there is no choice."""
    if not transition.by.admits_system or transition.by is SYSTEM:
        return [""]
    return ["a person", "the system"]


def _move(target: str | None, actor: str) -> str:
    return f"→ {target or STAYS}" + (f", by {actor}" if actor else "")


#: Edits and decisions are commands too, of names that a transition may have.
_BY_CONTRACT = (Kind.CREATE, Kind.COMMAND, Kind.SYSTEM)


def _driven_by(operation: Operation, effects: Iterable[Entry]) -> Iterator[Declared]:
    if operation.kind not in _BY_CONTRACT:
        return
    about, actor = operation.object_type, "a person"
    if operation.actor == SYSTEM_ACTOR:
        actor = "the system"
    # One that stays where it is counts as "stays" and as a new entry: a declaration is one of them.
    targets = (
        [operation.target, None] if operation.target == operation.source else [operation.target]
    )
    for target in targets:
        for by in ("", actor):
            yield Declared(about, "transition", operation.transition, _move(target, by))
    asked = effects_in(effects)
    yield from (Declared(about, "effect", effect.name, "asked for") for effect in asked)
