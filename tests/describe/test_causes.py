"""The timeline says because of what something happened that no person asked for."""

import pytest

from tests.engine.conftest import person
from tests.testapp.models import Seat, Trip
from workflows_app.describe.receipt import receipt
from workflows_app.describe.timeline import timeline
from workflows_app.engine import execute
from workflows_app.engine.drain import drain
from workflows_app.models import Operation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def driver():
    return person("driver", "drive_trip")


@pytest.fixture
def trip(driver):
    made = Trip.objects.create(title="to the sea")
    execute(made.open, by=driver, data={"bus": "A", "day": 1, "seats": 1})
    return made


def texts(obj):
    return [entry["text"] for entry in timeline(obj).entries]


def test_the_timeline_of_a_linked_object_names_the_command_that_asked(trip, driver):
    operation = execute(trip.start, by=driver)
    assert texts(trip.seats.get()) == [
        'Created by the system because of "open" of the trip.',
        'Void, by the system because of "start" of the trip: Nobody takes it any more. Now: Void.',
    ]
    assert timeline(trip.seats.get()).entries[-1]["cause"] == f"operation:{operation.id}"


def test_a_command_to_itself_does_not_name_the_object_again(trip, driver):
    execute(trip.dash, by=driver)
    assert 'Finish, by the system because of "dash": Arrive. Now: Over.' in texts(trip)


def test_what_a_handler_asked_for_names_its_effect(trip, driver, answers):
    seat = Seat.objects.create(trip=trip, number=9)
    answers["ring"] = lambda trip, run: run.execute(seat.renumber, data={"number": 10}) and {}
    execute(trip.start, by=driver)
    drain()
    assert (
        'Renumber, by the system because of "ring" of the trip: Screw another number on.'
        in texts(seat)
    )


def test_a_receipt_lists_what_commands_and_handlers_caused_in_order(trip, driver, answers):
    answers["ring"] = lambda trip, run: run.execute(trip.finish) and {}
    operation = execute(trip.start, by=driver)
    assert [one["transition"] for one in receipt(operation)["caused"]] == ["void"]
    drain()
    stored = Operation.objects.get(pk=operation.pk)
    assert [one["transition"] for one in receipt(stored)["caused"]] == ["void", "finish"]
