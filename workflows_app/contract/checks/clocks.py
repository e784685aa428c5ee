"""Can every clock do what it says: a step that exists, is legal and needs nothing; a length?"""

from collections.abc import Iterator
from datetime import timedelta
from itertools import combinations
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from workflows_app.contract.clock_table import Clock
from workflows_app.contract.data import shape_of
from workflows_app.contract.registry import Contract
from workflows_app.contract.transitions import Transition


def unknown_steps(contract: Contract) -> Iterator[CheckMessage]:
    """``then`` names a transition of this workflow, or an effect."""
    for clock in contract.clocks:
        if clock.transition is None:
            yield Error(
                f"Clock {clock.name}: then={clock.then!r} is no transition of"
                f" {contract.workflow.__name__}, and no effect.",
                hint=f"It has {', '.join(contract.transitions)}. An effect that no transition asks"
                " for is found in the contract's file, or give it itself: then=<the effect>.",
                obj=contract.model,
                id="workflows_app.E100",
            )
        elif clock.transition.creates:
            yield Error(
                f"Clock {clock.name}: then={clock.then!r}, which creates a new object and moves"
                " none.",
                hint="Name a transition of the object whose state it is.",
                obj=contract.model,
                id="workflows_app.E100",
            )


def impossible_steps(contract: Contract) -> Iterator[CheckMessage]:
    """In some state of the clock its step is legal, for the system, without any data."""
    for clock, transition in _steps(contract):
        ways = [transition.at(one) for one in clock.runs_in if one in transition.sources]
        if not ways:
            yield Error(
                f"Clock {clock.name}: then={clock.then!r} is possible in none of its states"
                f" ({', '.join(clock.runs_in)}).",
                hint=f"Add one of them to source= of {clock.then}, or name another transition.",
                obj=contract.model,
                id="workflows_app.E101",
            )
        elif not all(way.by.admits_system for way in ways):
            yield Error(
                f"Clock {clock.name}: then={clock.then!r}, which SYSTEM may not do.",
                hint=f"Add it to the transition: by=... | SYSTEM on {clock.then}.",
                obj=contract.model,
                id="workflows_app.E102",
            )
        needed = sorted({name for way in ways for name in _needs(way.data)})
        if needed:
            yield Error(
                f"Clock {clock.name}: then={clock.then!r} needs data ({', '.join(needed)}), and a"
                " clock has none to give.",
                hint="Make them optional, or write a transition of its own for the clock.",
                obj=contract.model,
                id="workflows_app.E103",
            )


def namesakes(contract: Contract) -> Iterator[CheckMessage]:
    """A row says which clock it is by a name, so no state keeps two of one name."""
    for one, other in combinations(contract.clocks, 2):
        both = sorted(set(one.every_name) & set(other.every_name))
        states = [
            str(state)
            for state in contract.states.all()
            if one.is_kept_in(state) and other.is_kept_in(state)
        ]
        if both and states:
            yield Error(
                f"{contract.workflow.__name__}: two clocks in {', '.join(states)} are called"
                f" {both[0]!r}.",
                hint="Give one of them another name=, or use one After for all of its states.",
                obj=contract.model,
                id="workflows_app.E104",
            )


def wrong_columns(contract: Contract) -> Iterator[CheckMessage]:
    """A length comes from a DurationField, a moment from a DateTimeField."""
    for clock in contract.clocks:
        after = clock.after
        kinds: tuple[tuple[str, Any, type[Any]], ...] = (
            ("the amount", after.amount, models.DurationField),
            ("every", after.every, models.DurationField),
            ("at", after.at, models.DateTimeField),
        )
        for word, given, kind in kinds:
            if isinstance(given, str) and not isinstance(_column(contract, given), kind):
                yield Error(
                    f"Clock {clock.name}: {word}={given!r} is no {kind.__name__} of"
                    f" {contract.model._meta.label}.",
                    hint=f"Name a {kind.__name__}, or give a function of the object.",
                    obj=contract.model,
                    id="workflows_app.E105",
                )


def without_end(contract: Contract) -> Iterator[CheckMessage]:
    """A clock of no length whose step enters the same state anew is due again at once."""
    for clock, transition in _steps(contract):
        ways = [(one, transition.at(one)) for one in clock.runs_in if one in transition.sources]
        round_again = [one for one, way in ways if one in way.targets and not way.guards]
        if clock.after.amount == timedelta(0) and round_again:
            yield Warning(
                f"Clock {clock.name}: then={clock.then!r} leads from {round_again[0]!r} to itself,"
                " and no time passes: it fires again and again, for ever.",
                hint="Say how long it is to wait, or target=None where the state stays.",
                obj=contract.model,
                id="workflows_app.W100",
            )


def _steps(contract: Contract) -> Iterator[tuple[Clock, Transition]]:
    for clock in contract.clocks:
        if clock.transition is not None and not clock.transition.creates:
            yield clock, clock.transition


def _needs(declared: Any) -> list[str]:
    """The members that must be sent; none where the class does not tell."""
    shape = shape_of(declared)
    fields = {} if shape is None else getattr(shape(data={}), "fields", None) or {}
    return [
        name
        for name, one in fields.items()
        if getattr(one, "required", False) and not getattr(one, "read_only", False)
    ]


def _column(contract: Contract, name: str) -> Any:
    try:
        return contract.model._meta.get_field(name)
    except FieldDoesNotExist:
        return None


ALL = (unknown_steps, impossible_steps, namesakes, wrong_columns, without_end)
