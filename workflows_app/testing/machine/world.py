"""What all stories of a machine have in common: who there is, what they send, how effects end."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django.db import router

from workflows_app.contract.confirmation import accepted
from workflows_app.contract.groups import Entry, groups_in
from workflows_app.contract.registry import Contract
from workflows_app.contract.transitions import Transition
from workflows_app.testing.samples import NoSample, sample_data
from workflows_app.testing.walk import Example, Examples
from workflows_app.testing.work import WorkerDies

WHO_MAY, STRANGER, THE_SYSTEM = "somebody who may", "a stranger", "the system"


class World:
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
        #: How the world answers as a rule; every ending comes now and then.
        self.likely = ["done"]
        if any(one.confirmed_by for one in effects):
            self.likely.append("accepted")
        self.followed = _followed(contract)

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

    def answer(self, effect: Any, ending: str) -> Any:
        """What its handler says when the effect ends so; done, where it cannot."""
        if ending == "an error":
            return RuntimeError("a bug in the handler")
        if ending == "the worker dies":
            return WorkerDies
        if ending == "accepted":
            return accepted() if effect.confirmed_by else {}
        failure = self.failures.get(ending)
        if failure in effect.fails_with:
            return failure
        follow_up = self.contract.transitions.get(effect.then or "")
        return {} if follow_up is None else self.data(follow_up)


def _followed(contract: Contract) -> set[str | None]:
    """The transitions that follow from effects and groups."""
    effects = contract.effects.values()
    asked = [entries for way in contract.ways for entries in way.effects.values()]
    named: list[Entry] = [*effects, *(group for entries in asked for group in groups_in(entries))]
    followed = {one.then for one in named} | {one.otherwise for one in named}
    return followed | {name for one in effects for _, name in one.while_open()}
