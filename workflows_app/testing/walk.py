"""Walking a path: every step as somebody would take it, through the API where there is one."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from workflows_app.contract.data import bring
from workflows_app.contract.effects import Effect
from workflows_app.contract.groups import Entry, effects_in, groups_in
from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import Contract, contract_of
from workflows_app.contract.transitions import Transition
from workflows_app.engine import execute
from workflows_app.failures import Failure, Invalid, NotSent, Refused, Rejected
from workflows_app.models import Event, EventKind
from workflows_app.models.identity import object_id_of

from .cast import somebody_for
from .client import Answered, command_url, post_command
from .clock import frozen_clock
from .outside import bring_about
from .paths import Path, Step, paths
from .samples import NoSample, sample_data, sample_object
from .script import scripted
from .work import drain_until_quiet


@dataclass(frozen=True)
class Example:
    """What a step needs and the contract does not say."""

    #: What the command brings; where the step follows an effect, what that effect returns.
    data: Mapping[str, Any] | None = None
    #: Columns of the object before the step: what its guards and its body look at.
    columns: Mapping[str, Any] = field(default_factory=dict)
    #: Anything else that has to be there before: called with the object.
    before: Callable[[Any], Any] | None = None


#: By the name of a transition, or by its name and target: ``{("sort", "shelf"): Example(...)}``.
Examples = Mapping[Any, Example]


def refuse_strange_examples(contract: Contract, examples: Examples) -> None:
    """Raise ValueError for an example that no step of this model will ever ask for."""
    names = sorted(contract.all_transitions)
    states = sorted({str(s) for one in contract.workflows for s in one.workflow_states.all()})
    for key in examples:
        name, state = key if isinstance(key, tuple) else (key, None)
        if name not in names or (state is not None and state not in states):
            raise ValueError(
                f"{contract.model._meta.label} has no step {key!r}. An example is named by a"
                f" transition ({names}), or by it and the state it leads to ({states})."
            )


class CannotWalk(AssertionError):
    """A step of a path could not be taken; the text says which, why, and what to give."""


def walk(
    path: Path,
    *,
    new: Callable[[], Any] | None = None,
    examples: Examples | None = None,
    people: Iterable[Any] = (),
) -> Any:
    """Take every step of a path with a real object, and return that object.

    Where the routes serve the model, a step by people is a POST of somebody who may, with an
    Idempotency-Key and the version seen; elsewhere it is ``execute()``. A step that follows an
    effect is the worker's: the effect answers by script. ``new`` makes the object where no
    transition creates it; without it, and for data without an example, what the columns and the
    serializer ask for is made up. ``people`` are asked first who may; then those a column of the
    object names, then somebody new with the permission. Raises CannotWalk.
    """
    if not path.steps:
        raise CannotWalk(path.told)
    refuse_strange_examples(contract_of(path.model), examples or {})
    walker = _Walker(path, examples or {}, list(people))
    walker.begin(new)
    for step in path.steps:
        walker.take(step)
    return walker.obj


def walk_all(model: type[Any], *, field: str = "", **given: Any) -> dict[Path, str]:
    """Walk every path of a contract, each with an object of its own; takes what ``walk()`` takes.

    Returns the paths that cannot be walked, and why not.
    """
    failed = {}
    for path in paths(model, field=field):
        try:
            walk(path, **given)
        except CannotWalk as told:
            failed[path] = str(told)
        except Exception as error:  # noqa: BLE001  a body that breaks is told like the others
            failed[path] = f"{type(error).__name__}: {error}\n{error.__notes__[-1]}"
    return failed


class _Walker:
    def __init__(self, path: Path, examples: Examples, people: list[Any]) -> None:
        self.path, self.examples, self.people = path, examples, people
        self.contract = contract_of(path.model, path.field)
        self.obj: Any = None

    def begin(self, new: Callable[[], Any] | None) -> None:
        """The object before the first step, unless that creates it."""
        if self.contract.creations:
            return
        try:
            self.obj = new() if new else sample_object(self.path.model)
        except NoSample as missing:
            told = f"{self.path}: {missing} Give new=<a function that makes one>."
            raise CannotWalk(told) from missing

    def take(self, step: Step) -> None:
        """One step, and a look whether it led where it should."""
        transition = self.contract.transitions[step.transition]
        example = self._example(step)
        self._prepare(example)
        data = self._data(step, transition, example)
        try:
            if step.effect:
                self._let_follow(step, data)
            else:
                self._command(step, transition, data)
        except (Refused, Answered) as refusal:
            raise self._stuck(step, _in_words(refusal), _cure(step, refusal.code)) from refusal
        except Exception as error:
            error.add_note(str(self._stuck(step, "This step raised it.", "")))
            raise
        self.obj.refresh_from_db()
        if (state := self.contract.state_of(self.obj)) != step.target:
            raise self._stuck(step, f"It led to {state}.", self._why_elsewhere(step))

    def _prepare(self, example: Example) -> None:
        if self.obj is not None:
            rows = self.path.model._base_manager.filter(pk=self.obj.pk)
            if example.columns:
                rows.update(**example.columns)
            if example.before:
                example.before(self.obj)
            self.obj = rows.get()

    def _data(self, step: Step, transition: Transition, example: Example) -> Any:
        if example.data is not None or step.failed:
            return dict(example.data or {})
        try:
            data = sample_data(transition.data)
            bring(transition.data, data)
        except (NoSample, Invalid) as missing:
            cure = f"Give examples={{{step.transition!r}: Example(data={{...}})}}."
            told = f"Its data cannot be made up: {_in_words(missing)}"
            raise self._stuck(step, told, cure) from missing
        return data

    def _command(self, step: Step, transition: Transition, data: Any) -> None:
        by: Any = SYSTEM
        url = command_url(self.contract, transition, self.obj)
        if transition.by is not SYSTEM:
            by = self._somebody(step, transition, over_http=url is not None)
        if url and by is not SYSTEM:
            object_id = post_command(self.contract, url, self.obj, by, data)
        else:
            command = getattr(self.obj or self.path.model, transition.name)
            object_id = execute(command, by=by, data=data, key=str(uuid4())).object_id
        if self.obj is None:
            self.obj = self.path.model._base_manager.get(pk=object_id)

    def _somebody(self, step: Step, transition: Transition, *, over_http: bool) -> Any:
        sees = self.contract.seen_by if over_http else None
        found = somebody_for(transition.by, sees, self.obj, self.people)
        if found is None:
            seen = f" and may see it ({sees})" if sees else ""
            told = f"Nobody was found who may do it ({transition.by}){seen}."
            raise self._stuck(step, told, "Give people=[...], or new= with somebody in its column.")
        return found

    def _let_follow(self, step: Step, data: Any) -> None:
        followed = self._followed_by(step)
        if isinstance(followed, Effect):
            answer = _failure_of(followed.fails_with) if step.failed else data
            if bring_about(self.contract, self.obj, step, followed, answer):
                return
            answers = {followed.name: answer}
        else:
            effects = list(effects_in([followed]))
            answers = {one.name: data.get(one.name) or {} for one in effects}
            if step.failed:
                answers = {one.name: _failure_of(one.fails_with) for one in effects}
        with frozen_clock() as clock, scripted({}, **answers):
            drain_until_quiet(clock)

    def _followed_by(self, step: Step) -> Entry:
        """The effect or the group that the step follows."""
        if step.effect in self.contract.effects:
            return self.contract.effects[step.effect]
        asked = [entries for way in self.contract.ways for entries in way.effects.values()]
        groups = (group for entries in asked for group in groups_in(entries))
        return next(group for group in groups if group.name == step.effect)

    def _why_elsewhere(self, step: Step) -> str:
        refused = Event.objects.filter(
            kind__in=(EventKind.FOLLOW_UP_FAILED, EventKind.FOLLOW_UP_UNWANTED),
            object_type=self.contract.object_type,
            object_id=object_id_of(self.obj),
        )
        if step.effect and (event := refused.order_by("id").last()):
            return f"The follow-up was refused: {event.data['detail']}"
        one = f"({step.transition!r}, {step.target!r})"
        return f"Give examples={{{one}: Example(...)}} with what leads there."

    def _example(self, step: Step) -> Example:
        name = step.transition
        return self.examples.get((name, step.target)) or self.examples.get(name) or Example()

    def _stuck(self, step: Step, why: str, cure: str) -> CannotWalk:
        steps = [f"  {'→' if one is step else ' '} {one}" for one in self.path.steps]
        return CannotWalk("\n".join([f"{self.path}: {why} {cure}".rstrip(), *steps]))


def _failure_of(declared: tuple[type[Failure], ...]) -> type[Failure]:
    """One that ends the run: at once, or when its budget is spent."""
    ends = [one for kind in (Rejected, NotSent) for one in declared if issubclass(one, kind)]
    return next(iter(ends), NotSent)


def _in_words(refusal: Exception) -> str:
    reasons = [f"{one.pointer} {one.detail}".strip() for one in getattr(refusal, "reasons", ())]
    return " ".join(dict.fromkeys([str(refusal), *reasons]))


def _cure(step: Step, code: str) -> str:
    if code in ("guard_failed", "guard-failed"):
        return f"Give examples={{{step.transition!r}: Example(columns={{...}})}}."
    if code in ("invalid", "validation-error"):
        return f"Give examples={{{step.transition!r}: Example(data={{...}}, columns={{...}})}}."
    return ""
