"""The shortest way to every transition of a contract, and walking it."""

import pytest
from django.test.utils import isolate_apps

from tests.contract.test_checks import Lamp, contract, model, switch
from tests.engine.conftest import person
from tests.testapp.models import Bill, Crate, Domain, Lead, Letter, Parcel, Seat, Trip
from workflows_app.models import Operation
from workflows_app.testing import CannotWalk, Example, paths, walk, walk_all
from workflows_app.testing.machine import machine_of
from workflows_app.testing.samples import sample_object

EXAMPLES = {
    "pack": Example(columns={"address": "Main Street 1"}),
    ("sort", "shelf"): Example(columns={"title": "s"}),
    ("sort", "returned"): Example(columns={"title": "r"}),
    ("sort", "packed"): Example(columns={"title": "x"}),
}


def way(model, transition, target):
    (found,) = [p for p in paths(model) if (p.transition, p.target) == (transition, target)]
    return found


def test_a_path_reads_like_a_story():
    assert way(Parcel, "arrive", "arrived").told.splitlines() == [
        "pack by the sender or a clerk → packed",
        "ship by a clerk and not the sender → shipping",
        "arrive after hand_over was done → arrived",
    ]
    assert way(Parcel, "halt", "halted").told.endswith("halt after hand_over failed → halted")
    assert str(way(Parcel, "halt", "halted")) == "halt-halted"


def test_there_is_one_for_each_target_of_each_transition_and_it_is_a_shortest():
    found = {str(path): len(path.steps) for path in paths(Parcel)}
    assert found == {
        "pack-packed": 1,
        "ship-shipping": 2,
        "arrive-arrived": 3,
        "halt-halted": 3,
        "sort-shelf": 2,
        "sort-returned": 2,
        "sort-stays": 2,
        "cover-stays": 1,
        "dust-shelf": 3,
        "again-packed": 3,
    }


def test_a_path_may_lead_through_what_is_accepted_and_not_confirmed():
    assert way(Bill, "chase", "late").told.splitlines() == [
        "give_away by a treasurer → paying",
        "chase after transfer was not confirmed → late",
    ]
    assert way(Bill, "send", "sent").told.endswith("send after transfer was accepted → sent")


@pytest.mark.django_db
def test_and_it_is_walked():
    assert walk_all(Bill) == {}


def test_a_path_of_a_model_with_a_creation_begins_with_it():
    assert way(Lead, "lose", "lost").steps[0].transition == "sign_up"
    assert way(Lead, "lose", "lost").steps[0].source is None
    assert [str(path) for path in paths(Domain)] == [
        "ask-asked", "open-live", "grant-live", "close-gone",
    ]  # fmt: skip


@pytest.mark.parametrize("path", paths(Parcel), ids=str)
@pytest.mark.django_db
def test_every_path_of_a_parcel_is_walked_over_http(path):
    parcel = walk(path, examples=EXAMPLES)
    last = Operation.objects.of("testapp.parcel", str(parcel.pk)).last()
    assert (last.transition, last.target) == (path.transition, parcel.status)
    assert last.key or path.steps[-1].effect


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Crate, Domain])
def test_what_a_contract_asks_for_is_made_up(model):
    assert walk_all(model) == {}


@pytest.mark.django_db
def test_a_file_that_may_be_missing_is_missing():
    assert not sample_object(Crate).picture


@pytest.mark.parametrize("key", ["pakc", ("pakc", "packed"), ("sort", "shlef")])
def test_an_example_that_belongs_to_nothing_is_refused_with_what_there_is(key):
    told = r"testapp\.Parcel has no step .*'(pakc|shlef)'.*'pack'.*'shelf'"
    with pytest.raises(ValueError, match=told):
        walk(way(Parcel, "pack", "packed"), examples={key: Example()})
    with pytest.raises(ValueError, match=told):
        machine_of(Parcel, examples={key: Example()})


@pytest.mark.django_db
def test_two_targets_of_a_creation_take_an_example_each():
    assert [str(path) for path in walk_all(Lead)] == ["sign_up-trial"]
    trial = Example(data={"email": "ada@example.org", "company": "Analytical Engines"})
    assert walk_all(Lead, examples={("sign_up", "trial"): trial}) == {}


@pytest.mark.django_db
def test_a_guard_that_says_no_is_told_with_the_cure():
    with pytest.raises(CannotWalk) as told:
        walk(way(Parcel, "sort", "stays"))
    assert "Enter the address first." in str(told.value)
    assert "Give examples={'pack': Example(columns={...})}." in str(told.value)
    assert "  → pack by the sender or a clerk → packed" in str(told.value)


@pytest.mark.django_db
def test_another_target_than_the_paths_is_told_with_the_cure():
    elsewhere = Example(columns={"address": "Main Street 1", "title": "x"})
    with pytest.raises(CannotWalk, match=r"It led to packed. Give examples=\{\('sort', 'shelf'\)"):
        walk(way(Parcel, "sort", "shelf"), examples={"pack": elsewhere})


@pytest.mark.django_db
def test_whoever_is_given_is_asked_first():
    clerk = person("clerk", "handle_parcel", "view_parcel")

    def new():
        return Parcel.objects.create(sender=person("sender"), title="s", address="here")

    walk(way(Parcel, "dust", "shelf"), new=new, people=[clerk])
    actors = Operation.objects.exclude(kind="create").values_list("actor", flat=True)
    assert set(actors) == {f"user:{clerk.pk}"}


@pytest.mark.django_db
def test_an_example_may_put_other_objects_there():
    def in_a_trip(seat):
        Seat.objects.create(trip=seat.trip, number=99)

    walk(way(Seat, "domino", "stays"), examples={"domino": Example(before=in_a_trip)})
    assert Seat.objects.filter(number=99).exists()


@pytest.mark.django_db
def test_a_body_that_refuses_is_told():
    failed = walk_all(Trip, examples={"board": Example(before=first_seat)})
    told = {str(path): why for path, why in failed.items()}
    assert "Not today." in told["grumble-stays"]


def first_seat(trip):
    Seat.objects.create(trip=trip, number=0)


def test_a_state_that_nothing_leads_to_and_a_transition_that_cannot_be_are_told():
    with isolate_apps("tests.testapp"):
        stuck = contract(
            switch(source=Lamp.OFF, target=None),
            switch("drop", source=Lamp.ON, target=Lamp.BROKEN),
        )
        told = {str(path): path.why_not for path in paths(model(stuck))}
    assert told == {
        "switch-stays": "",
        "drop-broken": "It begins in on, which no path leads to.",
        "state-on": "No transition that can be reached leads there.",
        "state-broken": "No transition that can be reached leads there.",
    }


def test_execute_is_what_is_walked_where_no_route_serves_the_model(db):
    assert walk_all(Letter) == {}
    assert Operation.objects.filter(object_type="testapp.letter", transition="shut").count() == 1
