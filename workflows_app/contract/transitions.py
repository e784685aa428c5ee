"""Transitions: the only ways an object moves."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from workflows_app.failures import ContractError

from .effects import Effect
from .groups import Entry, effects_in
from .guards import Guard
from .who import Who
from .words import listed, names

if TYPE_CHECKING:
    from .messages import OnMessage

#: Where a body keeps what its decorators noted, in the order written.
DECLARED = "declared_transitions"
#: Where it keeps the messages that run it, in the order written.
MESSAGES = "declared_messages"
#: In ``source=`` any state that is not final, in ``supersedes=`` every run that is open.
ANY = "*"

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
    effects: Mapping[str | None, tuple[Entry, ...]]
    version_required: bool
    was: tuple[str, ...]
    #: The messages from outside that run it.
    messages: tuple["OnMessage", ...] = ()
    #: The effects whose open runs it ends; ``"*"``: all of its workflow.
    supersedes: tuple[Effect, ...] | str = ()
    #: The effects that it ends, and takes back where they are done.
    undoes: tuple[Effect, ...] = ()
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

    def effects_for(self, target: str | None) -> tuple[Entry, ...]:
        """The effects and groups it asks for when it arrived at this target; None: it stayed."""
        return self.effects.get(target if target in self.targets else None, ())

    def all_effects(self) -> tuple[Effect, ...]:
        """Every effect it may ask for, each named once."""
        entries = [asked for way in self.ways for asked in way.effects.values()]
        effects = (effect for asked in entries for effect in effects_in(asked))
        return tuple({e.name: e for effect in effects for e in effect.with_undo()}.values())


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
    supersedes: tuple[Effect, ...] | str
    undoes: tuple[Effect, ...]


def transition(
    *,
    source: Any,
    target: Any,
    by: Who,
    data: Any = None,
    guards: Sequence[Guard] = (),
    effects: Sequence[Entry] | Mapping[Any, Sequence[Entry]] = (),
    label: str = "",
    version_required: bool = False,
    was: Sequence[str] = (),
    supersedes: Sequence[Effect] | str = (),
    undoes: Sequence[Effect] = (),
) -> Callable[[Body], Body]:
    """Declare a method of a Workflow as a legal move.

    ``source``: a state, a list of states, ``"*"`` (any that is not final), or ``None`` (it creates
    a new object, and its body fills it). ``target``: a state; ``None`` (the state stays); or a list
    from which the body returns one. ``by``: who may.
    ``data``: what the command must bring (a serializer class or its dotted path). ``guards``: all
    are asked. ``effects``: a list of effects and groups of them (``in_order``, ``together``), or
    with several targets a dictionary of lists by target. ``version_required``: clients must say
    which version they saw (HTTP: ``If-Match``). ``was``: its names in earlier releases, oldest
    first; their addresses and keys are its own.
    ``supersedes``: effects whose open runs it ends, or ``"*"`` for all of this workflow: what has
    not left is cancelled; what may have left is never sent again, and undone if it turns out done.
    ``undoes``: the same for these effects, and those of their runs that are done are undone too.

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
            supersedes=_superseded(body.__name__, supersedes),
            undoes=_effects_named(f"{body.__name__}: undoes", undoes),
        )
        written_below = getattr(body, DECLARED, ())
        setattr(body, DECLARED, (declared, *written_below))
        return body

    return declare


def is_declared(body: Any) -> bool:
    """Whether it is the body of a transition."""
    return hasattr(body, DECLARED)


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


def _superseded(called: str, given: Any) -> tuple[Effect, ...] | str:
    if isinstance(given, str) and given == ANY:
        return ANY
    return _effects_named(f"{called}: supersedes", given)


def _effects_named(what: str, given: Any) -> tuple[Effect, ...]:
    effects = listed(what, given)
    if wrong := [one for one in effects if not isinstance(one, Effect)]:
        raise ContractError(f"{what} lists effects declared above, not {wrong[0]!r}.")
    return effects
