"""Former names are checked where they are written: each means one living thing."""

import pytest

from tests.testapp.workflow import Status, clerk, staff
from workflows_app import State, States, Workflow, replay_safe, transition
from workflows_app.failures import ContractError


def states_with(*, first=(), second=()):
    class Lamp(States):
        DARK = State("dark", "Dark", owner=None, initial=True, was=first)
        BRIGHT = State("bright", "Bright", owner=None, was=second)

    return Lamp


def test_a_former_value_means_the_state_of_today():
    lamp = states_with(first=["off", "black"], second=["on"])
    assert lamp.present("off") == lamp.present("black") == lamp.present("dark") == "dark"
    assert lamp.every_value("off") == lamp.every_value("dark") == ("dark", "off", "black")


def test_a_value_nobody_knows_means_itself():
    lamp = states_with()
    assert (lamp.present("glowing"), lamp.every_value("glowing")) == ("glowing", ("glowing",))
    assert lamp.present(None) is None


@pytest.mark.parametrize(
    ("first", "second", "fault"),
    [
        (["bright"], [], "was='bright' is the name of another"),
        (["dark"], [], "was='dark' is its own name"),
        (["off"], ["off"], "was='off' is a former name of 'dark' already"),
        (["off", "off"], [], "twice"),
        ("off", [], "takes a list"),
        ([7], [], "names as texts"),
        ([""], [], "names as texts"),
        (["*"], [], "is not '\\*'"),
        (["x" * 51], [], "1 to 50 characters"),
    ],
)
def test_a_former_value_that_could_mean_either_is_refused(first, second, fault):
    with pytest.raises(ContractError, match=fault):
        states_with(first=first, second=second)


def contract_of_two_effects(*, first=(), second=()):
    @replay_safe(was=first)
    def ring(parcel, run):
        """Ring."""

    @replay_safe(was=second)
    def knock(parcel, run):
        """Knock."""

    class DoorWorkflow(Workflow, states=Status, seen_by=staff):
        @transition(source="*", target=None, by=clerk, effects=[ring, knock])
        def call(self, cmd):
            """Call."""


@pytest.mark.parametrize(
    ("first", "second", "fault"),
    [
        (["knock"], [], "was='knock' is the name of another"),
        (["buzz"], ["buzz"], "was='buzz' is a former name of 'ring' already"),
        (["Buzz"], [], "small letters"),
        ("buzz", [], "takes a list"),
    ],
)
def test_a_former_name_of_an_effect_is_checked_too(first, second, fault):
    with pytest.raises(ContractError, match=fault):
        contract_of_two_effects(first=first, second=second)
    contract_of_two_effects(first=["buzz"])


def contract_of_two_transitions(*, first=(), second=()):
    class DoorWorkflow(Workflow, states=Status, seen_by=staff):
        @transition(source="*", target=None, by=clerk, was=first)
        def call(self, cmd):
            """Call."""

        @transition(source="*", target=None, by=clerk, was=second)
        def knock(self, cmd):
            """Knock."""

    return DoorWorkflow


@pytest.mark.parametrize(
    ("first", "second", "fault"),
    [
        (["knock"], [], "was='knock' is the name of another"),
        (["call"], [], "was='call' is its own name"),
        (["ring"], ["ring"], "was='ring' is a former name of 'call' already"),
        (["Ring"], [], "small letters"),
        ("ring", [], "takes a list"),
    ],
)
def test_a_former_name_of_a_transition_is_checked_too(first, second, fault):
    with pytest.raises(ContractError, match=fault):
        contract_of_two_transitions(first=first, second=second)


def test_a_transition_and_an_effect_may_have_had_the_same_name():
    workflow = contract_of_two_transitions(first=["ring"], second=["tap"])
    assert workflow.workflow_transitions["call"].every_name == ("ring", "call")


def test_a_method_with_several_declarations_has_the_former_names_of_all():
    class DoorWorkflow(Workflow, states=Status, seen_by=staff):
        @transition(source=Status.NEW, target=None, by=clerk, was=["ring"])
        @transition(source=Status.PACKED, target=None, by=staff, was=["tap", "ring"])
        def call(self, cmd):
            """Call."""

    call = DoorWorkflow.workflow_transitions["call"]
    assert {way.every_name for way in call.ways} == {call.every_name} == {("ring", "tap", "call")}
