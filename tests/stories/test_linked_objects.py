"""Linked objects and rules of the database, with several commands at the same moment."""

import pytest
from django.db import IntegrityError

from tests.engine.conftest import person
from tests.testapp.models import Seat, Trip
from workflows_app import Invalid, Refused
from workflows_app.engine import create, execute, violations
from workflows_app.models import Operation

from .races import Crowd, at_once

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 20


@pytest.fixture
def driver():
    return person("driver", "drive_trip", "add_trip")


def test_who_loses_the_race_for_a_unique_column_is_refused_with_its_message(driver):
    with Crowd(2) as crowd:
        for number in range(ROUNDS):
            trips = [Trip.objects.create() for _ in range(2)]
            data = {"bus": "A", "day": 100 + number, "plate": f"B-{number}"}
            outcomes = crowd.round(*(opening(trip, driver, data) for trip in trips))
            (lost,) = [one for one in outcomes if isinstance(one, Exception)]
            assert isinstance(lost, Invalid)
            assert {reason.code for reason in lost.reasons} == {"bus_taken", "unique"}
            assert lost.current.state == "planned"


def opening(trip, driver, data):
    return lambda: execute(trip.open, by=driver, data=data)


def test_the_constraint_is_named_though_the_other_row_is_gone_again(driver, monkeypatch):
    """The database refuses, and then a look at the rows finds nothing any more."""
    Trip.objects.create(plate="B-1")
    trip = Trip.objects.create()
    seen = []
    broken_rule = violations.broken_rule

    def after_the_other_has_gone(*args):
        seen.append(broken_rule(*args))
        Trip.objects.filter(plate="B-1").update(plate=None)
        return seen[-1]

    monkeypatch.setattr(violations, "broken_rule", after_the_other_has_gone)
    with pytest.raises(Invalid) as refused:
        execute(trip.open, by=driver, data={"bus": "A", "day": 1, "plate": "B-1"})
    assert seen[0].model is Trip
    assert [(r.code, r.pointer) for r in refused.value.reasons] == [("unique", "/plate")]


def test_of_two_creations_under_one_key_the_second_is_answered_like_the_first(driver):
    for number in range(ROUNDS):
        said = {"by": driver, "key": f"k {number}", "data": {"plate": f"B-{number}"}}
        outcomes = at_once(*[creation(f"B-{number}", said)] * 2)
        assert [one for one in outcomes if isinstance(one, Exception)] == []
        assert len({one.id for one in outcomes}) == 1
    assert Trip.objects.count() == ROUNDS


def creation(plate, said):
    return lambda: create(Trip(plate=plate), **said)


def test_commands_that_meet_crosswise_are_begun_again_from_the_outermost(driver):
    """Each holds one seat and wants the other's: one of them is refused, in words, by its guard."""
    with Crowd(2) as crowd:
        for number in range(ROUNDS // 4):
            trip = Trip.objects.create()
            seats = [Seat.objects.create(trip=trip, number=n) for n in (1, 2)]
            outcomes = crowd.round(*(swap(seat, driver) for seat in seats))
            won = [one for one in outcomes if isinstance(one, Operation)]
            (lost,) = [one for one in outcomes if isinstance(one, Exception)]
            assert isinstance(lost, Refused), lost
            assert lost.code == "wrong_state"
            assert len(won) == 1, number
            assert sorted(trip.seats.values_list("status", flat=True)) == ["taken", "void"]


def swap(seat, driver):
    return lambda: execute(Seat.objects.get(pk=seat.pk).swap, by=driver)


def test_an_error_that_no_constraint_explains_stays_an_error(driver):
    trip = Trip.objects.create()
    seat = Seat.objects.create(trip=trip, number=1)
    with pytest.raises(IntegrityError, match="append-only"):
        execute(seat.forge, by=driver)
