"""Operations over HTTP: the status monitor a client follows."""

import uuid

import pytest

from tests.testapp.models import Parcel
from tests.testapp.workflow import CarrierBusy, CarrierSilent
from workflows_app.engine import execute
from workflows_app.engine.drain import drain
from workflows_app.models import EffectRun, Operation

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/api/v1/operations/"


def monitor(client, transition="ship"):
    operation = Operation.objects.get(transition=transition)
    return client.get(f"{LIST}{operation.pk}/")


def test_a_client_follows_an_operation_until_it_is_done(by_clerk, shipping):
    response = monitor(by_clerk)
    assert response.status_code == 200
    assert (response.json()["state"], response.json()["done"]) == ("queued", False)
    assert response.headers["Retry-After"] == "1"
    drain()
    response = monitor(by_clerk)
    body = response.json()
    assert (body["state"], body["done"]) == ("completed", True)
    assert "Retry-After" not in response.headers
    assert body["url"] == f"http://testserver{LIST}{body['id']}/"
    assert body["object"]["url"] == f"http://testserver/api/v1/parcels/{shipping.pk}/"
    (arrival,) = body["caused"]
    assert by_clerk.get(arrival["url"]).json()["transition"] == "arrive"


def test_the_monitor_is_200_also_where_it_went_wrong(by_clerk, shipping, answers, clock):
    answers["hand_over"] = CarrierSilent
    for _ in range(3):
        clock.move(minutes=1)
        drain()
    response = monitor(by_clerk)
    assert (response.status_code, response.json()["state"]) == (200, "in_doubt")
    assert response.headers["Retry-After"] == "60"


def test_retry_after_is_when_the_next_attempt_is_due(by_clerk, shipping, answers):
    answers["hand_over"] = answers["tell_sender"] = CarrierBusy
    drain()
    response = monitor(by_clerk)
    assert response.json()["state"] == "retrying"
    assert response.headers["Retry-After"] in {"1", "2", "3"}


def test_a_client_that_has_it_gets_304(by_clerk, packed):
    tag = monitor(by_clerk, "pack").headers["ETag"]
    address = f"{LIST}{Operation.objects.get(transition='pack').pk}/"
    assert by_clerk.get(address, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("name", [str(uuid.UUID(int=7)), "no-uuid", "7"])
def test_an_unknown_operation_is_404(by_clerk, packed, name):
    response = by_clerk.get(f"{LIST}{name}/")
    assert response.status_code == 404
    assert response.json()["type"] == "about:blank"


def test_an_operation_of_an_object_one_may_not_see_does_not_exist(as_user, people, packed):
    stranger = as_user(people["operator"])
    assert monitor(stranger, "pack").status_code == 404
    assert stranger.get(LIST).json()["results"] == []


def test_the_list_is_newest_first_and_holds_what_one_may_see(
    as_user, by_clerk, packed, people, sender
):
    other = Parcel.objects.create(sender=people["clerk2"], title="other")
    told = [(o["transition"], o["object"]["id"]) for o in by_clerk.get(LIST).json()["results"]]
    assert told == [("create", str(other.pk)), ("pack", str(packed.pk)), ("create", str(packed.pk))]
    mine = as_user(sender).get(LIST).json()["results"]
    assert {o["object"]["id"] for o in mine} == {str(packed.pk)}


def test_a_long_list_comes_in_pages_and_costs_the_same(
    by_clerk, clerk, packed, django_assert_max_num_queries
):
    for _ in range(100):
        execute(packed.cover, by=clerk, version=packed.version)
    EffectRun.objects.update(state="done")
    with django_assert_max_num_queries(8):
        page = by_clerk.get(LIST).json()
    assert len(page["results"]) == 100
    assert [o["transition"] for o in by_clerk.get(page["next"]).json()["results"]] == [
        "pack",
        "create",
    ]


def test_operations_are_read_only(by_clerk, packed):
    assert by_clerk.post(LIST, {}).status_code == 405
    assert by_clerk.delete(f"{LIST}{Operation.objects.first().pk}/").status_code == 405


def test_somebody_anonymous_is_asked_who_he_is(as_user, packed):
    response = as_user(None).get(LIST)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Basic")
    assert response.json()["code"] == "not_authenticated"
