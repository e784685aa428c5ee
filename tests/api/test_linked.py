"""Linked objects and violated constraints over HTTP."""

import pytest

from tests.engine.conftest import person
from tests.testapp.models import Seat, Trip
from workflows_app.engine import execute
from workflows_app.models import Operation

from .conftest import new_key

pytestmark = pytest.mark.django_db

PROBLEM = "urn:problem-type:workflows:"


@pytest.fixture
def driver():
    return person("driver", "drive_trip", "add_trip")


@pytest.fixture
def trip(driver):
    made = Trip.objects.create(title="to the sea")
    execute(made.open, by=driver, data={"bus": "A", "day": 1, "seats": 2})
    return made


@pytest.fixture
def post(as_user, driver):
    client = as_user(driver)

    def send(path, data=None):
        return client.post(f"/api/v1/{path}", data or {}, headers={"Idempotency-Key": new_key()})

    return send


def test_a_violated_constraint_is_a_422_with_its_code(trip, post):
    response = post(f"trips/{trip.pk}/limit/", {"number": 51})
    body = response.json()
    assert (response.status_code, body["type"]) == (422, f"{PROBLEM}validation-error")
    assert body["detail"] == "No bus has more than 50 places."
    assert body["errors"] == [
        {"pointer": "#", "detail": "No bus has more than 50 places.", "code": "too_many"}
    ]


def test_a_violated_constraint_of_a_new_object_is_a_422_with_its_code(post):
    response = post("trips/", {"bus": "", "places": 60, "day": 13})
    assert response.status_code == 422
    codes = {error["code"] for error in response.json()["errors"]}
    assert codes == {"too_many", "testapp_not_on_the_13th"}


def test_a_guard_that_a_body_refuses_with_is_a_409_with_its_code_and_the_present_state(trip, post):
    Trip.objects.update(title="closed")
    response = post(f"trips/{trip.pk}/start/")
    body = response.json()
    assert (response.status_code, body["type"]) == (409, f"{PROBLEM}guard-failed")
    assert body["detail"] == "The road is closed today."
    assert body["reasons"] == [{"code": "road_closed", "detail": "The road is closed today."}]
    assert (body["current"]["state"], body["current"]["version"]) == ("open", 1)
    assert response.headers["ETag"] == body["current"]["etag"]


def test_a_sentence_that_a_body_refuses_with_is_a_reason_too(trip, post):
    response = post(f"trips/{trip.pk}/grumble/")
    assert response.status_code == 409
    assert response.json()["reasons"] == [{"code": "refused", "detail": "Not today."}]


def test_a_refusal_of_another_object_names_it(trip, post):
    seat = trip.seats.order_by("number").last()
    Seat.objects.filter(pk=seat.pk).update(broken=True)
    response = post(f"trips/{trip.pk}/start/")
    body = response.json()
    assert (response.status_code, body["type"]) == (409, f"{PROBLEM}guard-failed")
    told = f"Seat {seat.pk}: The seat is broken."
    assert body["reasons"] == [{"code": "seat_broken", "detail": told}]
    assert body["refused_by"] == {
        "type": "testapp.seat",
        "id": str(seat.pk),
        "transition": "void",
    }
    assert body["current"]["version"] == 1


def test_the_receipt_lists_what_was_caused(trip, post):
    response = post(f"trips/{trip.pk}/start/")
    assert response.status_code == 202
    caused = response.json()["operation"]["caused"]
    assert [(one["transition"], one["object"]["type"]) for one in caused] == [
        ("void", "testapp.seat")
    ] * 2
    assert caused[0]["url"].endswith(f"/operations/{caused[0]['id']}/")


def test_what_was_caused_on_objects_one_may_not_see_is_left_out(trip, driver, as_user):
    operation = execute(trip.invite, by=driver, data={"email": "ada@work.example"})
    lead = Operation.objects.get(transition="sign_up")
    receipt = as_user(driver).get(f"/api/v1/operations/{operation.pk}/").json()
    assert receipt["caused"] == []
    both = person("both", "drive_trip", "view_lead")
    receipt = as_user(both).get(f"/api/v1/operations/{operation.pk}/").json()
    assert [one["id"] for one in receipt["caused"]] == [str(lead.pk)]


def test_a_command_that_asked_nothing_of_others_is_answered_without_looking_for_it(
    trip, post, django_assert_max_num_queries
):
    path, data = f"trips/{trip.pk}/limit/", {"number": 5}
    with django_assert_max_num_queries(40) as captured:
        assert post(path, data).status_code == 200
    assert not [one for one in captured.captured_queries if '"cause" IN' in one["sql"]]
