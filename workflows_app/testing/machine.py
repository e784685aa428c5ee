"""A Hypothesis state machine made of a contract: anybody does anything, and the promises hold.

It needs Hypothesis: ``pip install 'django-workflows-app[hypothesis]'``.
"""

from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import Any

from django.db import router, transaction

try:
    from hypothesis import HealthCheck, Phase, note, settings
    from hypothesis import strategies as st
    from hypothesis.stateful import (
        RuleBasedStateMachine,
        initialize,
        invariant,
        precondition,
        rule,
        run_state_machine_as_test,
    )
except ImportError as error:
    raise ImportError(
        "workflows_app.testing.machine needs Hypothesis:"
        " pip install 'django-workflows-app[hypothesis]'"
    ) from error

from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import Contract, contract_of
from workflows_app.contract.transitions import Transition
from workflows_app.engine import execute
from workflows_app.failures import (
    Forbidden,
    GuardFailed,
    Invalid,
    KeyReused,
    NotAllowed,
    Refused,
    Stale,
)
from workflows_app.models import EffectRun, Event, Operation
from workflows_app.models.identity import object_id_of

from .cast import newcomer, somebody_for
from .clock import frozen_clock
from .promises import broken_promises
from .samples import NoSample, sample_data, sample_object
from .script import scripted
from .walk import Example, Examples, refuse_strange_examples
from .work import WorkerDies, drain

WHO_MAY, STRANGER, THE_SYSTEM = "somebody who may", "a stranger", "the system"
RIGHT = "as it should be"


def explore(
    model: type[Any],
    *,
    new: Callable[[], Any] | None = None,
    examples: Examples | None = None,
    people: Iterable[Any] = (),
    max_examples: int = 25,
    steps: int = 25,
    derandomize: bool = True,
) -> None:
    """Let Hypothesis find an order of commands and of the world's answers that breaks a promise.

    ``new``, ``examples`` and ``people`` are those of ``walk()``. Each of ``max_examples`` stories
    has up to ``steps`` steps on an object of its own, which is forgotten afterwards. With
    ``derandomize`` every run tells the same stories, as CI wants it; without it, others each time.
    To be called in a test's transaction (``db``, ``TestCase``). Raises AssertionError with the
    shortest story that Hypothesis has found.
    """
    machine = machine_of(model, new=new, examples=examples or {}, people=people)
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=max_examples,
            stateful_step_count=steps,
            derandomize=derandomize,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            phases=(Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        ),
    )


def machine_of(
    model: type[Any],
    *,
    new: Callable[[], Any] | None = None,
    examples: Examples | None = None,
    people: Iterable[Any] = (),
) -> type[RuleBasedStateMachine]:
    """The machine itself, for those who want rules of their own: subclass it."""
    contract = contract_of(model)
    refuse_strange_examples(contract, examples or {})
    world = _World(contract, new, examples or {}, list(people))
    names = [one.name for one in contract.transitions.values() if not one.creates]

    class Machine(RuleBasedStateMachine):
        """Anybody does anything with one object."""

        def __init__(self) -> None:
            super().__init__()
            self.story = _Story(world)

        @initialize()
        def begin(self) -> None:
            self.story.begin()

        @rule(
            name=st.sampled_from(names),
            who=st.just(WHO_MAY) | st.sampled_from(world.everybody),
            data=st.just(RIGHT) | st.sampled_from(["nothing", "odd"]),
            seen=st.just("now") | st.sampled_from(["not said", "before"]),
        )
        def command(self, name: str, who: str, data: str, seen: str) -> None:
            self.story.command(name, who, data, seen)

        @rule(
            moves=st.lists(st.integers(min_value=0, max_value=99), min_size=1, max_size=3),
            ending=st.just("done") | st.none() | st.sampled_from(world.endings),
        )
        def go_on(self, moves: list[int], ending: str | None) -> None:
            """People who may do what is possible, one after the other; then the world answers."""
            for which in moves:
                self.story.go_on(which)
            if ending:
                self.story.work(ending)

        @rule(name=st.sampled_from(names))
        def prepare(self, name: str) -> None:
            """Fill the columns that the example of a transition names."""
            self.story.prepare(name)

        @precondition(lambda self: self.story.accepted)
        @rule(which=st.integers(min_value=0, max_value=99), other=st.booleans())
        def send_again(self, which: int, other: bool) -> None:
            """The same key once more: for the same request, or for another one."""
            self.story.send_again(which, other=other)

        @rule(ending=st.just("done") | st.sampled_from(world.endings))
        def work(self, ending: str) -> None:
            """A worker performs what is due, and the world answers like this."""
            self.story.work(ending)

        @rule(minutes=st.sampled_from([2, 60, 60 * 25]))
        def wait(self, minutes: int) -> None:
            self.story.wait(minutes)

        @rule()
        def save(self) -> None:
            """Somebody saves the object as it was a while ago."""
            self.story.save()

        @invariant()
        def promises_hold(self) -> None:
            self.story.look()

        def teardown(self) -> None:
            self.story.forget()

    Machine.__name__ = Machine.__qualname__ = f"{model.__name__}Machine"
    return Machine


class _World:
    """What all stories of a machine have in common."""

    def __init__(
        self,
        contract: Contract,
        new: Callable[[], Any] | None,
        examples: Examples,
        people: list[Any],
    ) -> None:
        self.contract, self.new, self.examples, self.people = contract, new, examples, people
        self.model = contract.model
        self.using = router.db_for_write(contract.model)
        every = [t.by for t in contract.transitions.values()]
        self.roles = {str(role): role for by in every for role in by.roles()}
        given = {f"people[{i}]": one for i, one in enumerate(people)}
        self.given = given
        self.everybody = [*self.roles, *given, STRANGER, THE_SYSTEM]
        effects = contract.effects.values()
        self.failures = {one.code: one for e in effects for one in e.fails_with}
        self.endings = ["done", *self.failures, "an error", "the worker dies"]
        self.followed = {e.then for e in effects} | {e.otherwise for e in effects}

    def example(self, name: str) -> Example:
        """By the name alone, or the first that names a target."""
        found = [one for key, one in self.examples.items() if key == name or key[0] == name]
        return found[0] if found else Example()

    def data(self, transition: Transition) -> Any:
        """What a command brings that brings what it should."""
        example = self.example(transition.name)
        if example.data is not None:
            return dict(example.data)
        with suppress(NoSample):
            return sample_data(transition.data)
        return {}


@dataclass(frozen=True)
class _Accepted:
    """A command that was accepted, as it was sent."""

    operation: Operation
    name: str
    by: Any
    data: Any
    key: str


class _Story:
    """One object, and what becomes of it."""

    def __init__(self, world: _World) -> None:
        self.world = world
        self.accepted: list[_Accepted] = []
        self.obj: Any = None
        self.count = 0
        self._end = ExitStack()

    def begin(self) -> None:
        """Open a savepoint; everything is forgotten with it."""
        if not transaction.get_connection(self.world.using).in_atomic_block:
            raise RuntimeError("explore() forgets by rolling back: use `db`, or a TestCase.")
        savepoint = transaction.savepoint(using=self.world.using)
        self._end.callback(transaction.savepoint_rollback, savepoint, using=self.world.using)
        self.clock = self._end.enter_context(frozen_clock())
        self.cast: dict[str, Any] = {**self.world.given, THE_SYSTEM: SYSTEM}
        self.obj = self._new()
        self.stale = self._fresh()

    def forget(self) -> None:
        self._end.close()

    def command(self, name: str, who: str, data: str, seen: str) -> None:
        """Somebody tries a transition, allowed or not; a refusal has a reason and no effect."""
        transition = self.world.contract.transitions[name]
        obj = self._fresh()
        by = self._person(who, transition, obj)
        if by is SYSTEM and name in self.world.followed:
            return  # that is the worker's, when the effect has ended
        brought = {RIGHT: self.world.data(transition), "nothing": {}, "odd": {"?": 1}}
        version = {"not said": None, "now": obj.version, "before": obj.version - 1}[seen]
        self.count += 1
        sent = {"by": by, "data": brought[data], "key": f"story-{self.count}"}
        before = self._everything()
        note(f"# {name} by {by}, data {data}, version {seen}, at version {obj.version}")
        try:
            operation = execute(getattr(obj, name), version=version, **sent)
        except Refused as refusal:
            _must(self._everything() == before, f"{name} was refused, and something was written.")
            _must(self._is_right(refusal, transition, by, version), f"refused wrongly: {refusal!r}")
        else:
            _must(version in (None, operation.version - 1), f"{name} was stale and accepted.")
            _must(self._may(transition, by, before.obj), f"{name} was accepted from {who}.")
            self.accepted.append(_Accepted(operation, name, **sent))

    def go_on(self, which: int) -> None:
        """A step further, so that stories come to the later states."""
        contract, state = self.world.contract, self.world.contract.state_of(self._fresh())
        moves = [t.name for t in contract.transitions.values() if state in t.sources]
        if moves:
            name = moves[which % len(moves)]
            self.prepare(name)
            self.command(name, WHO_MAY, RIGHT, "now")

    def prepare(self, name: str) -> None:
        example = self.world.example(name)
        rows = self.world.model._base_manager.using(self.world.using).filter(pk=self.obj.pk)
        if example.columns:
            rows.update(**example.columns)
        if example.before:
            example.before(rows.get())

    def send_again(self, which: int, *, other: bool) -> None:
        """A key stands for one request, for ever."""
        one = self.accepted[which % len(self.accepted)]
        data = {**(one.data or {}), "?": 2} if other else one.data
        before = self._everything()
        command = getattr(self._fresh(), one.name)
        try:
            again = execute(command, by=one.by, data=data, key=one.key)
        except KeyReused:
            _must(other, f"{one.name} was sent again, and its key was refused.")
        else:
            _must(not other, f"{one.name} with other data was answered under a key that was used.")
            _must(again.replayed and again.pk == one.operation.pk, f"{one.name} ran a second time.")
        _must(self._everything() == before, "a key that was used has written something.")

    def work(self, ending: str) -> None:
        """Every effect that can ends so; the others are done."""
        answers = {e.name: self._answer(e, ending) for e in self.world.contract.effects.values()}
        with scripted({}, **answers):
            drain()

    def wait(self, minutes: int) -> None:
        self.clock.move(minutes=minutes)

    def save(self) -> None:
        """What he has in memory of a protected column is not written."""
        before = self._everything()
        self.stale.save()
        _must(self._everything().counts[:-1] == before.counts[:-1], "save() wrote an operation.")
        fresh, contract = self._fresh(), self.world.contract
        for name in contract.protected:
            _must(getattr(fresh, name) == getattr(before.obj, name), f"save() wrote {name}.")
        self.stale = fresh

    def look(self) -> None:
        """The promises."""
        if self.obj is not None:
            broken = broken_promises(self.obj)
            _must(not broken, " ".join(broken))

    def _new(self) -> Any:
        world = self.world
        if not world.contract.creations:
            return world.new() if world.new else sample_object(world.model)
        creation = world.contract.creations[0]
        by = somebody_for(creation.by, None, None, world.people)
        command = getattr(world.model, creation.name)
        operation = execute(command, by=by or SYSTEM, data=world.data(creation))
        return world.model._base_manager.get(pk=operation.object_id)

    def _person(self, who: str, transition: Transition, obj: Any) -> Any:
        if who == WHO_MAY:
            who = THE_SYSTEM if transition.by is SYSTEM else f"who may {transition.name}"
        if who not in self.cast:
            role = transition.by if who.startswith("who may ") else self.world.roles.get(who)
            found = role and somebody_for(role, None, obj, self.world.people)
            self.cast[who] = found or newcomer()
        return self.cast[who]

    def _may(self, transition: Transition, by: Any, obj: Any) -> bool:
        return transition.by.admits_system if by is SYSTEM else transition.by.admits(by, obj)

    def _is_right(self, refusal: Refused, transition: Transition, by: Any, version: Any) -> bool:
        """Whether the object, as it stands, gives this reason."""
        obj = self._fresh()
        if "refused_by" in refusal.facts:
            return True
        if isinstance(refusal, Stale):
            return version is not None and version != obj.version
        if isinstance(refusal, Forbidden):
            return not self._may(transition, by, obj)
        if isinstance(refusal, NotAllowed):
            return self.world.contract.state_of(obj) not in transition.sources
        if isinstance(refusal, GuardFailed):
            codes = {guard.code for guard in transition.guards}
            return {one.code for one in refusal.reasons} <= codes
        return isinstance(refusal, Invalid) or bool(refusal.code)

    def _answer(self, effect: Any, ending: str) -> Any:
        if ending == "an error":
            return RuntimeError("a bug in the handler")
        if ending == "the worker dies":
            return WorkerDies
        failure = self.world.failures.get(ending)
        if failure in effect.fails_with:
            return failure
        follow_up = self.world.contract.transitions.get(effect.then or "")
        return {} if follow_up is None else self.world.data(follow_up)

    def _fresh(self) -> Any:
        return self.world.model._base_manager.using(self.world.using).get(pk=self.obj.pk)

    def _everything(self) -> "_Everything":
        using, obj = self.world.using, self._fresh()
        about = {"object_type": self.world.contract.object_type, "object_id": object_id_of(obj)}
        counts = [
            kind.objects.using(using).filter(**about).count()
            for kind in (Operation, EffectRun, Event)
        ]
        return _Everything(
            obj, {f.attname: f.value_from_object(obj) for f in obj._meta.concrete_fields}, counts
        )


@dataclass(frozen=True)
class _Everything:
    """What is written about the object."""

    obj: Any
    columns: dict[str, Any]
    counts: list[int]


def _must(so: bool, told: str) -> None:
    if not so:
        raise AssertionError(told)
