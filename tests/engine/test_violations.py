"""What the database refuses of a row is a refusal in the words of the model."""

import pytest
from django.db import IntegrityError, transaction

from tests.testapp.models import Label, Seat, Trip
from workflows_app.contract.people import SYSTEM
from workflows_app.engine import create, execute
from workflows_app.failures import Invalid, KeyReused, Reason
from workflows_app.models import Operation

from .conftest import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def driver():
    return person("driver", "drive_trip", "add_trip", "add_label", "view_parcel")


@pytest.fixture
def trip():
    return Trip.objects.create(title="to the sea")


@pytest.fixture
def opened(trip, driver):
    execute(trip.open, by=driver, data={"bus": "A", "day": 1, "plate": "B-AR 1"})
    return trip


def refusal_of(obj, name, by, **data):
    with pytest.raises(Invalid) as refused:
        execute(getattr(obj, name), by=by, data=data)
    return refused.value


def test_a_constraint_refuses_the_command_with_its_own_code_and_message(opened, driver):
    before = Operation.objects.count()
    refusal = refusal_of(opened, "limit", driver, number=51)
    assert (refusal.code, refusal.detail) == ("too_many", "No bus has more than 50 places.")
    assert refusal.reasons == (Reason("too_many", "No bus has more than 50 places."),)
    assert (refusal.current.state, refusal.current.version) == ("open", 1)
    assert Operation.objects.count() == before
    assert Trip.objects.get().version == opened.version == 1


def test_a_conditional_uniqueness_has_its_own_code(opened, driver):
    second = Trip.objects.create()
    refusal = refusal_of(second, "open", driver, bus="A", day=1)
    assert [reason.code for reason in refusal.reasons] == ["bus_taken"]


def test_a_constraint_without_a_code_is_called_by_its_name(trip, driver):
    refusal = refusal_of(trip, "open", driver, bus="A", day=13)
    assert refusal.code == "testapp_not_on_the_13th"
    assert "testapp_not_on_the_13th" in refusal.detail


def test_a_unique_column_is_pointed_at(opened, driver):
    second = Trip.objects.create()
    refusal = refusal_of(second, "open", driver, bus="B", day=1, plate="B-AR 1")
    assert refusal.reasons == (Reason("unique", "Trip with this Plate already exists.", "/plate"),)


def test_every_violated_constraint_is_a_reason(opened, driver):
    second = Trip.objects.create()
    refusal = refusal_of(second, "open", driver, bus="A", day=1, plate="B-AR 1")
    assert {reason.code for reason in refusal.reasons} == {"bus_taken", "unique"}


def test_a_column_that_is_out_of_its_range_is_pointed_at(opened, driver):
    refusal = refusal_of(opened, "limit", driver, number=-1)
    assert [(reason.code, reason.pointer) for reason in refusal.reasons] == [
        ("min_value", "/places")
    ]


def test_a_column_that_must_not_be_null_is_pointed_at(opened):
    seat = Seat.objects.create(trip=opened, number=1)
    refusal = refusal_of(seat, "unscrew", SYSTEM)
    assert refusal.reasons == (Reason("null", "This field cannot be null.", "/number"),)


def test_several_columns_are_named_in_the_message(opened):
    first = Seat.objects.create(trip=opened, number=1)
    second = Seat.objects.create(trip=opened, number=2)
    refusal = refusal_of(second, "renumber", SYSTEM, number=first.number)
    assert refusal.code == "unique_together"
    assert refusal.detail == "Seat with this Trip and Number already exists."


def test_a_refused_command_leaves_a_callers_transaction_usable(opened, driver):
    with transaction.atomic():
        refusal_of(opened, "limit", driver, number=51)
        execute(opened.limit, by=driver, data={"number": 50})
    assert Trip.objects.get().places == 50


def test_a_creation_is_refused_likewise_and_leaves_the_object_unsaved(opened, driver):
    made = Trip(plate="B-AR 1", places=60)
    with pytest.raises(Invalid) as refused:
        create(made, by=driver)
    assert {reason.code for reason in refused.value.reasons} == {"unique", "too_many"}
    assert made._state.adding and made.pk is None


def test_a_chosen_key_that_exists_is_refused_as_a_unique_column(driver):
    create(Label(code="L1"), by=driver)
    with pytest.raises(Invalid) as refused:
        create(Label(code="L1"), by=driver)
    assert [(r.code, r.pointer) for r in refused.value.reasons] == [("unique", "/code")]


def test_the_same_key_answers_though_its_own_columns_are_taken_now(driver):
    first = create(Trip(plate="X"), by=driver, data={"plate": "X"}, key="k")
    again = create(Trip(plate="X"), by=driver, data={"plate": "X"}, key="k")
    assert again.replayed and again.id == first.id
    with pytest.raises(KeyReused):
        create(Trip(plate="X"), by=driver, data={"plate": "Y"}, key="k")


def test_a_rule_that_other_rows_break_is_told_as_well(opened):
    seat = Seat.objects.create(trip=opened, number=2)
    refusal = refusal_of(seat, "copy", SYSTEM)
    assert refusal.code == "unique_together"


@pytest.mark.only_on("postgresql", "mysql")
def test_a_text_that_is_too_long_for_its_column_is_pointed_at(opened):
    seat = Seat.objects.create(trip=opened, number=1)
    refusal = refusal_of(seat, "take", SYSTEM, passenger="x" * 51)
    assert [(r.code, r.pointer) for r in refusal.reasons] == [("max_length", "/passenger")]


@pytest.mark.django_db(transaction=True)
def test_a_rule_that_is_asked_at_the_commit_refuses_too(opened, driver):
    """Where a database has no such rules, the object is asked before it is written."""
    Seat.objects.create(trip=opened, number=1, badge="7")
    seat = Seat.objects.create(trip=opened, number=2)
    refusal = refusal_of(seat, "pin", driver, passenger="7")
    assert [(r.code, r.pointer) for r in refusal.reasons] == [("badge_twice", "/badge")]
    assert Seat.objects.get(number=2).version == 0


@pytest.mark.django_db(transaction=True)
def test_what_it_refers_to_and_is_gone_is_pointed_at(opened, driver):
    """PostgreSQL and SQLite look at the commit, MariaDB at once; either way it is a refusal."""
    seat = Seat.objects.create(trip=opened, number=1)
    refusal = refusal_of(seat, "carry", SYSTEM, number=999_999)
    assert refusal.reasons == (Reason("gone", "Trip: it does not exist any more.", "/trip"),)
    assert (refusal.current.state, Seat.objects.get().version) == ("free", 0)
    with pytest.raises(Invalid) as refused:
        create(Seat(trip_id=999_999, number=2), by=person("builder", "add_seat"))
    assert [(r.code, r.pointer) for r in refused.value.reasons] == [("gone", "/trip")]


@pytest.mark.django_db(transaction=True)
def test_what_others_still_refer_to_is_not_deleted_without_them(opened):
    seat = Seat.objects.create(trip=opened, number=1)
    before = Operation.objects.count()
    refusal = refusal_of(seat, "burn", SYSTEM)
    assert refusal.code == "gone"
    assert (Trip.objects.count(), Operation.objects.count()) == (1, before)


def test_what_the_guard_of_the_database_says_is_no_rule_of_the_model(opened):
    told = "change only with the operation of a command"
    with pytest.raises(IntegrityError, match=told), transaction.atomic():
        Trip.objects.filter(pk=opened.pk).update(status="on")
