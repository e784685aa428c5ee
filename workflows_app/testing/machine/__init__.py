"""A Hypothesis state machine made of a contract: anybody does anything, and the promises hold.

It needs Hypothesis: ``pip install 'django-workflows-app[hypothesis]'``.
"""

from collections.abc import Callable, Iterable
from typing import Any

try:
    from hypothesis import HealthCheck, Phase, settings
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

from workflows_app.contract.registry import contract_of
from workflows_app.testing.walk import Examples, refuse_strange_examples

from .story import RIGHT, Story
from .world import WHO_MAY, World

__all__ = ["explore", "machine_of"]


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
    world = World(contract, new, examples or {}, list(people))
    names = [one.name for one in contract.transitions.values() if not one.creates]

    class Machine(RuleBasedStateMachine):
        """Anybody does anything with one object."""

        def __init__(self) -> None:
            super().__init__()
            self.story = Story(world)

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
            ending=st.sampled_from(world.likely) | st.none() | st.sampled_from(world.endings),
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

        @rule(ending=st.sampled_from(world.likely) | st.sampled_from(world.endings))
        def work(self, ending: str) -> None:
            """A worker performs what is due, and the world answers like this."""
            self.story.work(ending)

        @rule(ending=st.sampled_from(world.likely) | st.sampled_from(world.endings))
        def tell(self, ending: str) -> None:
            """The outside says this of the latest effect that waits, or is in doubt."""
            self.story.tell(ending)

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
