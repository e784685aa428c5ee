"""What a body asks of other objects is a part of its command, or refuses it."""

import pytest
from django.db import transaction

from tests.engine.test_perform import drain_through
from tests.testapp import remote
from tests.testapp.beginnings import Domain, Lead
from tests.testapp.models import Seat, Trip
from workflows_app.contract.people import SYSTEM
from workflows_app.describe.receipt import receipt
from workflows_app.engine import execute, execute_many
from workflows_app.engine.accept import give
from workflows_app.engine.drain import drain
from workflows_app.engine.idempotency import derived_key
from workflows_app.engine.linked import Linked
from workflows_app.engine.request import read_request
from workflows_app.failures import (
    ContractError,
    Forbidden,
    GuardFailed,
    Invalid,
    NotAllowed,
    Refused,
)
from workflows_app.models import EffectRun, Operation

from .conftest import person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def driver():
    return person("driver", "drive_trip")


@pytest.fixture
def trip(driver):
    """Open, with three seats."""
    made = Trip.objects.create(title="to the sea")
    execute(made.open, by=driver, data={"bus": "A", "day": 1, "seats": 3})
    return made


@pytest.fixture
def told():
    """What a body does by the word of the test."""
    yield remote.answers
    remote.forget()


def states(trip):
    return list(trip.seats.order_by("number").values_list("status", flat=True))


def caused_by(operation):
    return Operation.objects.filter(cause=f"operation:{operation.id}").order_by("id")


def test_linked_commands_run_in_written_order_by_the_system_because_of_this_operation(trip, driver):
    operation = execute(trip.start, by=driver)
    assert (trip.status, states(trip)) == ("on", ["void"] * 3)
    linked = caused_by(operation)
    seats = [str(pk) for pk in trip.seats.order_by("number").values_list("pk", flat=True)]
    assert [one.object_id for one in linked] == seats
    assert {(one.actor, one.kind, one.transition) for one in linked} == {
        ("system", "system", "void")
    }
    assert [one.key for one in linked] == [f"operation:{operation.id}:{n}" for n in (1, 2, 3)]
    assert operation.id < linked[0].id


def test_data_and_reason_go_with_a_linked_command(trip, driver):
    operation = execute(trip.board, by=driver, data={"passenger": "Ada"})
    (linked,) = caused_by(operation)
    assert (linked.data, linked.reason) == ({"passenger": "Ada"}, "He stood at the door.")
    assert trip.seats.get(status="taken").passenger == "Ada"


def test_a_refusal_of_another_object_refuses_the_command_and_names_it(trip, driver):
    broken = trip.seats.get(number=2)
    broken.broken = True
    broken.save()
    before = Operation.objects.count(), EffectRun.objects.count()
    with pytest.raises(Refused) as refused:
        execute(trip.start, by=driver)
    refusal = refused.value
    assert refusal.code == "guard_failed"
    assert refusal.detail == f"Seat {broken.pk}: The seat is broken."
    assert [(r.code, r.detail) for r in refusal.reasons] == [
        ("seat_broken", f"Seat {broken.pk}: The seat is broken.")
    ]
    assert refusal.facts["refused_by"] == {
        "type": "testapp.seat",
        "id": str(broken.pk),
        "transition": "void",
    }
    assert (refusal.current.state, refusal.current.version) == ("open", 1)
    assert (Operation.objects.count(), EffectRun.objects.count()) == before
    assert (trip.status, states(trip)) == ("open", ["free"] * 3)


def test_the_system_needs_leave_of_the_other_transition(trip, driver):
    with pytest.raises(Refused) as refused:
        execute(trip.overstep, by=driver)
    assert refused.value.code == "forbidden"
    assert not isinstance(refused.value, Forbidden)


def test_a_command_may_go_on_with_its_own_object_and_the_callers_instance_follows(trip, driver):
    operation = execute(trip.dash, by=driver)
    assert (operation.target, operation.version) == ("on", 2)
    assert [one.transition for one in caused_by(operation)] == ["count", "finish"]
    assert (trip.status, trip.version, trip.places) == ("over", 4, 1)
    assert Trip.objects.get().version == 4


def test_commands_that_ask_each_other_in_a_circle_are_told_so(trip, driver):
    execute(trip.start, by=driver)
    with pytest.raises(ContractError, match=r"in a circle: circle of testapp\.trip .* → circle of"):
        execute(trip.circle, by=driver)
    assert trip.seats.first().version == 1


def test_a_chain_that_does_not_end_is_told_so(trip, driver):
    Seat.objects.bulk_create([Seat(trip=trip, number=n) for n in range(3, 15)])
    with pytest.raises(ContractError, match="More than 10 commands stand in one another"):
        execute(trip.seats.get(number=0).domino, by=SYSTEM)
    assert set(states(trip)) == {"free"}


def test_a_new_object_is_there_at_once_with_its_operation_zero(trip):
    opening = Operation.objects.get(object_type="testapp.trip", transition="open")
    zeros = caused_by(opening)
    assert [one.object_id for one in zeros] == [
        str(pk) for pk in trip.seats.order_by("number").values_list("pk", flat=True)
    ]
    assert {(one.kind, one.version, one.actor) for one in zeros} == {("create", 0, "system")}


def test_a_new_object_begins_by_its_contracts_own_transition(trip, driver):
    operation = execute(trip.invite, by=driver, data={"email": "ada@work.example"})
    lead = Lead.objects.get()
    assert trip.title == f"with lead {lead.pk}"
    (zero,) = caused_by(operation)
    assert (zero.kind, zero.transition, zero.object_id) == ("create", "sign_up", str(lead.pk))
    assert {run.effect for run in zero.runs.all()} == {"greet", "look_up"}


def test_a_refused_beginning_refuses_the_command(trip, driver):
    with pytest.raises(Refused, match="New lead: Use the address of your company") as refused:
        execute(trip.invite, by=driver, data={"email": "ada@free.example"})
    assert refused.value.facts["refused_by"]["transition"] == "sign_up"


def test_a_refused_command_creates_nothing(driver):
    trip = Trip.objects.create()
    with pytest.raises(Invalid):
        execute(trip.open, by=driver, data={"bus": "A", "day": 13, "seats": 2})
    assert Seat.objects.count() == 0
    assert Operation.objects.count() == 1


def test_a_new_object_that_violates_a_constraint_refuses_the_command(trip, driver):
    with pytest.raises(Refused) as refused:
        execute(trip.double, by=driver)
    assert refused.value.detail == "New seat: Seat with this Trip and Number already exists."
    assert refused.value.facts["refused_by"]["id"] is None
    assert trip.seats.count() == 3


def test_a_new_object_keeps_the_constraints_that_the_database_lacks(trip, told):
    seat, other = trip.seats.all()[:2]
    Seat.objects.filter(pk=other.pk).update(badge="7")
    told["misbehave"] = lambda one, cmd: cmd.create(Seat, trip=one.trip, number=9, badge="7")
    with pytest.raises(Refused) as refused:
        execute(seat.misbehave, by=SYSTEM)
    assert refused.value.detail.endswith("Somebody else wears this badge.")
    assert trip.seats.count() == 3


def test_a_body_may_refuse_with_a_guard(trip, driver):
    Trip.objects.filter(pk=trip.pk).update(title="closed")
    with pytest.raises(Refused) as refused:
        execute(trip.start, by=driver)
    assert (refused.value.code, refused.value.detail) == (
        "road_closed",
        "The road is closed today.",
    )
    assert refused.value.current.state == "open"


def test_a_guard_that_asks_something_of_another_object_is_told_not_to(trip):
    with pytest.raises(ContractError, match="Only a body"):
        execute(trip.seats.first().nosy, by=SYSTEM)


def test_what_is_no_command_of_another_object_is_told_in_the_body(trip, parcel):
    request = read_request(trip.count, SYSTEM, None, None, None, "", None, "")
    linked = Linked(request, give)
    with linked.during_body():
        with pytest.raises(ContractError, match="transition of an instance"):
            linked.execute(print, None, "")
        with pytest.raises(ContractError, match="no workflow"):
            linked.create(type(parcel.sender), None, {})
        with pytest.raises(ContractError, match="has no transition that creates"):
            linked.create(Seat, {"number": 1}, {})
        with pytest.raises(ContractError, match="a transition that creates"):
            linked.create(trip.finish, None, {})
        with pytest.raises(ContractError, match=r"say which: Domain\.ask, Domain\.open"):
            linked.create(Domain, {"name": "x"}, {})
        with pytest.raises(ContractError, match="no columns"):
            linked.create(Lead, None, {"email": "a@b.example"})
        with pytest.raises(ContractError, match=r"cmd\.create\(\) instead"):
            linked.execute(Lead.sign_up, {"email": "a@b.example"}, "")


def test_in_a_callers_transaction_everything_is_a_part_of_that(trip, driver):
    with pytest.raises(RuntimeError), transaction.atomic():
        execute(trip.start, by=driver)
        raise RuntimeError
    assert states(trip) == ["free"] * 3


def test_each_of_many_is_answered_in_order_and_on_its_own(trip, driver):
    first, broken, third = trip.seats.order_by("number")
    Seat.objects.filter(pk=broken.pk).update(broken=True)
    answers = execute_many([s.void for s in (first, broken, third)], by=driver, key="k")
    assert [getattr(one, "transition", None) or one.code for one in answers] == [
        "void",
        "guard_failed",
        "void",
    ]
    assert isinstance(answers[1], GuardFailed)
    assert states(trip) == ["void", "free", "void"]


def test_many_with_the_same_key_repeat_what_was_done_and_run_what_is_missing(trip, driver):
    seats = list(trip.seats.order_by("number"))
    Seat.objects.filter(pk=seats[1].pk).update(broken=True)
    before = execute_many([s.void for s in seats], by=driver, key="k")
    Seat.objects.filter(pk=seats[1].pk).update(broken=False)
    after = execute_many([s.void for s in seats], by=driver, key="k")
    assert [one.replayed for one in after] == [True, False, True]
    assert (after[0].id, after[2].id) == (before[0].id, before[2].id)


def test_many_without_a_key_are_commands_of_their_own(trip, driver):
    seats = list(trip.seats.order_by("number"))
    execute_many([s.void for s in seats], by=driver)
    again = execute_many([s.void for s in seats], by=driver)
    assert all(isinstance(one, NotAllowed) for one in again)


@pytest.fixture
def on_the_road(trip, driver):
    execute(trip.start, by=driver)
    return trip


def test_a_handler_gives_commands_by_the_system_because_of_its_run(on_the_road, answers):
    seat = Seat.objects.create(trip=on_the_road, number=9)
    answers["ring"] = lambda trip, run: (
        run.execute(seat.take, data={"passenger": "Bo"}, reason="He heard it.") and {}
    )
    drain()
    seat.refresh_from_db()
    assert (seat.status, seat.passenger) == ("taken", "Bo")
    run = EffectRun.objects.get(effect="ring")
    taken = Operation.objects.get(transition="take")
    assert (taken.actor, taken.cause) == ("system", f"run:{run.id}")
    assert taken.key == f"run:{run.key}:take:testapp.seat:{seat.pk}"
    assert (taken.reason, run.state) == ("He heard it.", "done")
    assert [one["id"] for one in receipt(run.operation)["caused"]][-1] == str(taken.id)


def test_another_attempt_gets_the_first_operation_again(on_the_road, answers, clock):
    seat = Seat.objects.create(trip=on_the_road, number=9)
    given = []

    def take_and_fail_once(trip, run):
        given.append(run.execute(seat.take, data={"passenger": "Bo"}))
        if run.attempt == 1:
            raise RuntimeError
        return {}

    answers["ring"] = take_and_fail_once
    drain_through(clock, 2)
    assert [one.replayed for one in given] == [False, True]
    assert given[0].id == given[1].id
    assert EffectRun.objects.get(effect="ring").state == "done"


def test_a_command_that_is_refused_to_a_handler_is_tried_again_with_the_effect(
    on_the_road, answers, clock
):
    seat = Seat.objects.create(trip=on_the_road, number=9, broken=True)
    answers["ring"] = lambda trip, run: run.execute(seat.void) and {}
    drain()
    run = EffectRun.objects.get(effect="ring")
    assert (run.state, run.failure["code"]) == ("queued", "guard_failed")
    assert run.failure["detail"] == "The seat is broken."
    Seat.objects.filter(pk=seat.pk).update(broken=False)
    drain_through(clock, 1)
    assert EffectRun.objects.get(effect="ring").state == "done"


def test_a_key_that_would_be_too_long_ends_in_its_digest(on_the_road, answers):
    assert derived_key("run", "1", "x") == "run:1:x"
    first, second = derived_key("k" * 250, "x" * 100), derived_key("k" * 250, "y" * 100)
    assert len(first) == len(second) == 255
    assert first != second
