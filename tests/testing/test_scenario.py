"""A scenario reads as given, when, then; what is not so is told with the object's timeline."""

import pytest

from tests.testapp.models import Lead, Parcel
from tests.testapp.workflow import CarrierBusy
from workflows_app import Forbidden, GuardFailed, Invalid, NotAllowed
from workflows_app.testing import at, drain, refused, scenario, scripted

pytestmark = pytest.mark.django_db

TAKEN = {"tracking": "T-1"}


def test_a_carrier_that_is_busy_and_then_is_not(packed, clerk, clock):
    story = scenario(packed).when(packed.ship, by=clerk)
    story.then(
        state="shipping",
        version=2,
        effects={"hand_over": {"address": "Main Street 1"}, "tell_sender": {}},
        operations=["ship"],
        events=[],
    )
    with scripted({}, hand_over=[CarrierBusy, TAKEN]):
        drain()
        story.then(state="shipping", runs={"hand_over": "queued"}, operations=[])
        clock.move(minutes=1)
        drain()
    story.then(
        state="arrived",
        tracking="T-1",
        runs={"hand_over": "done"},
        operations=["arrive"],
        events=["hand_over: done", "tell_sender: done"],
    )


def test_one_that_begins_by_a_command(clerk):
    story = scenario(Lead).when(Lead.sign_up, by=clerk, data={"email": "a@b.example"})
    story.then(state="new", version=0, effects=["greet", "look_up"], email="a@b.example")


@pytest.mark.parametrize(
    ("expected", "fault"),
    [
        ({"state": "arrived"}, "state is 'shipping', not 'arrived'."),
        ({"version": 3}, "version is 2, not 3."),
        ({"effects": ["hand_over"]}, "effects is ['hand_over', 'tell_sender']"),
        ({"effects": {"hand_over": {}}}, "effects is ['hand_over', 'tell_sender']"),
        (
            {"effects": {"hand_over": {"address": "Elsewhere"}, "tell_sender": {}}},
            "hand_over's data has address 'Main Street 1', not 'Elsewhere'.",
        ),
        (
            {"effects": {"hand_over": {"weight": None}, "tell_sender": {}}},
            "hand_over's data has no weight",
        ),
        ({"runs": {"hand_over": "done"}}, "runs is {'hand_over': 'queued'}"),
        ({"runs": {"insure": "done"}}, "Effect insure was never asked for."),
        ({"operations": []}, "operations is ['ship'], not []."),
        ({"events": ["hand_over: done"]}, "events is [], not ['hand_over: done']."),
        ({"title": "other"}, "title is 'books', not 'other'."),
    ],
)
def test_what_is_not_so_is_told_with_the_timeline(packed, clerk, expected, fault):
    story = scenario(packed).when(packed.ship, by=clerk)
    with pytest.raises(AssertionError) as failure:
        story.then(**expected)
    said = str(failure.value)
    assert fault in said
    assert "Ship, by Clerk" in said
    assert "Placed there by the system" in said
    assert "hand_over: queued after 0 attempts" in said


def test_a_refusal_is_expected_with_its_kind_and_code(packed, sender, clerk):
    Parcel.objects.filter(pk=packed.pk).update(address="")
    with refused(GuardFailed, code="address_missing") as held:
        scenario(packed).when(packed.ship, by=clerk)
    assert held[0].detail
    with refused(Forbidden):
        scenario(packed).when(packed.ship, by=sender)
    with refused(code="wrong_state"):
        scenario(packed).when(packed.dust, by=clerk)
    with refused(Invalid):
        scenario(at(Parcel, "new", sender=sender, title="x", address="y")).when(
            Parcel.objects.get(title="x").pack, by=sender, data={}
        )


def test_a_refusal_of_another_kind_or_none_at_all_is_a_failure(packed, clerk):
    with pytest.raises(AssertionError, match="otherwise than as GuardFailed"), refused(GuardFailed):
        scenario(packed).when(packed.dust, by=clerk)
    with (
        pytest.raises(AssertionError, match=r"NotAllowed \['dusty'\]"),
        refused(NotAllowed, code="dusty"),
    ):
        scenario(packed).when(packed.dust, by=clerk)
    with pytest.raises(AssertionError, match="Nothing was refused"), refused():
        scenario(packed).when(packed.ship, by=clerk)
