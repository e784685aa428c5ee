"""Clocks are checked where they are written, and at start-up with all that they name."""

from datetime import datetime, timedelta

import pytest
from django.db import models
from django.test.utils import isolate_apps
from rest_framework import serializers

from tests.testapp.clocked import Case
from workflows_app import SYSTEM, After, State, States, Workflow, replay_safe, signed_in, transition
from workflows_app.contract import checks
from workflows_app.contract.registry import contract_of
from workflows_app.failures import ContractError
from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

DAY = timedelta(days=1)


class Words(serializers.Serializer):
    why = serializers.CharField()
    aside = serializers.CharField(required=False)


@replay_safe()
def ring(lamp, run):
    """Ring."""


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ({}, "say after how much time, or at= which moment"),
        ({"amount": DAY, "at": "when"}, "one of them"),
        ({"amount": -DAY}, "not negative"),
        ({"amount": 24}, "a timedelta, a column or a function, not 24"),
        ({"amount": DAY, "every": timedelta(0)}, "longer than nothing"),
        ({"amount": DAY, "every": 3}, "a timedelta, a column or a function"),
        ({"at": datetime(2030, 1, 1)}, "takes a column or a function"),
        ({"at": "when", "pauses_in": ["off"]}, "leave out pauses_in="),
        ({"at": "when", "hours": object()}, "leave out hours="),
        ({"amount": DAY, "hours": object()}, r"add\(moment, amount\) and between"),
        ({"amount": DAY, "pauses_in": "off"}, "takes a list"),
        ({"amount": DAY, "name": "Not So"}, "small letters"),
        ({"amount": DAY, "then": "Not So"}, "small letters"),
        ({"amount": DAY, "then": None}, "small letters"),
    ],
)
def test_a_wrong_clock_is_refused_where_it_is_written(said, fault):
    with pytest.raises(ContractError, match=fault):
        After(**{"then": "ring", **said})


@pytest.mark.parametrize(
    ("deadline", "fault"),
    [(DAY, r"takes After\(...\)"), ([After(DAY, then="ring"), DAY], r"takes After\(...\)")],
)
def test_a_state_takes_clocks_only(deadline, fault):
    with pytest.raises(ContractError, match=fault):
        State("off", "Off", owner=None, deadline=deadline)


def test_a_state_names_a_clock_once():
    after = After(DAY, then="ring")
    with pytest.raises(ContractError, match="the same After twice"):
        State("off", "Off", owner=None, deadline=[after, after])


def lamp(deadline, on=None, **said):
    """A model with these deadlines in its states off and on."""

    class Light(States):
        OFF = State("off", "Off", owner=None, initial=True, deadline=deadline)
        ON = State("on", "On", owner=None, deadline=on)
        BROKEN = State("broken", "Broken", final=True)

    said = {"source": Light.OFF, "target": Light.ON, "by": signed_in | SYSTEM} | said

    class LampWorkflow(Workflow, states=Light, seen_by=signed_in):
        @transition(**said)
        def switch(self, cmd):
            """Switch it on."""

        @transition(source=[Light.OFF, Light.ON], target=Light.BROKEN, by=signed_in)
        def smash(self, cmd):
            """Break it."""

        @transition(source=None, target=Light.OFF, by=signed_in)
        def buy(self, cmd):
            """A new one."""

    class Lamp(LampWorkflow, WorkflowModel):
        title = models.CharField(max_length=10)
        patience = models.DurationField(null=True)
        day = models.DateField(null=True)
        moment = models.DateTimeField(null=True)
        status = StatusField(Light)
        history = WorkflowHistory()
        __module__ = "tests.testapp.models"

    return Lamp


def faults(*deadlines, **said):
    with isolate_apps("tests.testapp"):
        found = list(checks.faults_of([lamp(*deadlines, **said)]))
    numbers = {one.id.removeprefix("workflows_app."): one for one in found}
    assert all(one.hint for one in found)
    return {number: one.msg for number, one in numbers.items() if number[1:] >= "100"}


def after(**said):
    return After(**{"amount": DAY, "then": "switch"} | said)


def test_right_clocks_have_no_fault():
    shared = after(name="shared")
    assert faults([after(), shared, after(amount="patience", then=ring)], shared) == {}
    assert faults(after(then="ring", every="patience")) == {}  # an effect of this file
    assert faults(after(amount=None, at="moment")) == {}
    assert faults([after(amount=lambda lamp: None)], after(name="later", then="ring")) == {}


@pytest.mark.parametrize(
    ("number", "deadline", "said"),
    [
        ("E100", after(then="explode"), {}),
        ("E100", after(then="buy"), {}),
        ("E102", after(then="smash"), {}),
        ("E103", after(), {"data": Words}),
        ("E104", [after(), after()], {}),
        ("E104", [after(), after(then=ring, name="ring", was=["switch"])], {}),
        ("E105", after(amount="title"), {}),
        ("E105", after(amount="nothing"), {}),
        ("E105", after(every="moment"), {}),
        ("E105", after(amount=None, at="day"), {}),
    ],
)
def test_a_clock_that_cannot_work_is_a_fault(number, deadline, said):
    found = faults(deadline, **said)
    assert list(found) == [number]
    assert "lock" in found[number]


def test_a_step_that_is_legal_in_no_state_of_its_clock_is_a_fault():
    assert list(faults(None, after())) == ["E101"]


def test_a_clock_that_would_fire_for_ever_is_told():
    assert list(faults(after(amount=timedelta(0)), target="off")) == ["W100"]
    assert faults(after(), target="off") == {}
    assert faults(after(amount=timedelta(0)), target=None) == {}


def test_clocks_of_one_name_meet_where_one_pauses():
    other = after(then=ring, name="switch", pauses_in=["off"])
    assert list(faults(after(), other)) == ["E104"]


def test_a_state_in_which_a_clock_pauses_exists_and_is_none_of_its_own():
    with isolate_apps("tests.testapp"):
        with pytest.raises(ContractError, match="pauses_in='dark' is not a state of Light"):
            lamp(after(pauses_in=["dark"]))
        with pytest.raises(ContractError, match="in 'off' it runs"):
            lamp(after(pauses_in=["off"]))


def test_two_effects_of_one_name_are_refused():
    def other():
        @replay_safe()
        def ring(lamp, run):
            """Ring otherwise."""

        return ring

    with isolate_apps("tests.testapp"), pytest.raises(ContractError, match="two effects"):
        lamp([after(then=ring), after(then=other(), name="other")])


def test_a_clock_is_called_after_what_follows_and_keeps_its_former_names():
    clocks = {one.name: one for one in contract_of(Case).clocks}
    assert clocks["escalate"].every_name == ("escalate", "pass_on")
    assert clocks["remind"].every_name == ("remind", "poke")
    assert contract_of(Case).clock_kept("pass_on", "review") is clocks["escalate"]
    assert contract_of(Case).clock_kept("pass_on", "second") is None
    assert (clocks["promise"].runs_in, clocks["promise"].pauses_in) == (
        ("review", "second", "parked"),
        ("asked",),
    )


def version(deadline, on=None):
    with isolate_apps("tests.testapp"):
        return contract_of(lamp(deadline, on)).version


def test_the_version_tells_what_clocks_mean_and_nothing_else():
    shared = after(name="shared")
    plain = version(after())
    assert version(after()) == plain
    assert version(after(was=["old"])) == plain
    others = [
        version(None),
        version(after(amount=2 * DAY)),
        version(after(amount="patience")),
        version(after(every=DAY)),
        version(after(then=ring)),
        version(after(name="other")),
        version(after(pauses_in=["on"])),
        version(after(amount=None, at="moment")),
        version(shared, shared),
        version(after(name="shared"), after(name="shared")),
    ]
    assert len({plain, *others}) == 1 + len(others)


@pytest.mark.parametrize("wrong", [7, "a day", DAY.total_seconds()])
def test_a_function_that_gives_no_length_is_refused_when_it_is_asked(wrong):
    with pytest.raises(ContractError, match="gives a timedelta or None"):
        after(amount=lambda lamp: wrong).length(None)


def test_a_function_that_gives_no_moment_is_refused_when_it_is_asked():
    naive = datetime(2030, 1, 1)
    with pytest.raises(ContractError, match="gives an aware datetime or None"):
        after(amount=None, at=lambda lamp: naive).moment(None)
    with pytest.raises(ContractError, match="longer than nothing"):
        after(every=lambda lamp: timedelta(0)).length(None, again=True)
