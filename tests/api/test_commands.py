"""A command over HTTP: the answer, its headers, and the same answer again."""

import pytest
from django.contrib.auth.models import Permission

from tests.testapp.models import Parcel
from workflows_app.models import EffectRun, Operation

from .conftest import command, new_key

pytestmark = pytest.mark.django_db


def test_a_command_without_effects_is_done_with_200(by_sender, parcel):
    response = command(by_sender, parcel, "pack", {"grams": 100}, key="one")
    assert response.status_code == 200
    body = response.json()
    assert set(body) == {"operation", "object"}
    assert body["operation"]["transition"] == "pack"
    assert body["operation"]["state"] == "completed"
    assert body["object"]["workflow"]["state"] == "packed"
    assert body["object"]["grams"] == 100
    assert response.headers["Idempotency-Key"] == "one"
    assert "Location" not in response.headers
    assert "Idempotent-Replayed" not in response.headers


def test_a_command_with_effects_is_accepted_with_202_and_an_operation_to_follow(by_clerk, packed):
    response = command(by_clerk, packed, "ship")
    assert response.status_code == 202
    operation = response.json()["operation"]
    assert response.headers["Location"] == operation["url"]
    assert response.headers["Location"].startswith("http://testserver/api/v1/operations/")
    assert response.headers["Retry-After"] == "1"
    assert operation["state"] == "queued"
    assert by_clerk.get(response.headers["Location"]).json() == operation


def test_the_new_etag_is_the_one_a_reader_gets(by_sender, parcel):
    response = command(by_sender, parcel, "pack", {"grams": 100})
    read = by_sender.get(f"/api/v1/parcels/{parcel.pk}/")
    assert response.headers["ETag"] == read.headers["ETag"]
    assert response.json()["object"] == read.json()


def test_the_address_without_the_slash_is_the_same_command(by_sender, parcel):
    response = by_sender.post(
        f"/api/v1/parcels/{parcel.pk}/pack", {"grams": 1}, headers={"Idempotency-Key": "bare"}
    )
    assert response.status_code == 200
    again = command(by_sender, parcel, "pack", {"grams": 1}, key="bare")
    assert again.headers["Idempotent-Replayed"] == "true"


def test_the_same_request_again_is_the_same_operation_as_it_is_now(by_clerk, packed):
    first = command(by_clerk, packed, "ship", key="again")
    EffectRun.objects.update(attempts=1)
    again = command(by_clerk, packed, "ship", key="again")
    assert again.status_code == first.status_code == 202
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json()["operation"]["id"] == first.json()["operation"]["id"]
    assert again.json()["operation"]["state"] == "retrying"
    assert Operation.objects.filter(transition="ship").count() == 1


@pytest.mark.parametrize("second", ['"a-key"', "a-key", ' "a-key" '])
def test_quoted_and_bare_are_the_same_key(by_sender, parcel, second):
    command(by_sender, parcel, "pack", {"grams": 1}, key="a-key")
    again = command(by_sender, parcel, "pack", {"grams": 1}, key=second)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Idempotency-Key"] == second


def test_a_replay_does_not_mind_the_version_and_the_state_of_now(by_sender, by_clerk, parcel):
    seen = by_sender.get(f"/api/v1/parcels/{parcel.pk}/").headers["ETag"]
    command(by_sender, parcel, "pack", {"grams": 1}, key="k", If_Match=seen)
    command(by_clerk, parcel, "ship")
    again = command(by_sender, parcel, "pack", {"grams": 1}, key="k", If_Match=seen)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")


def test_the_order_of_members_and_white_space_do_not_make_another_request(by_sender, parcel):
    address = f"/api/v1/parcels/{parcel.pk}/pack/"
    bodies = ['{"grams": 1, "note": "x"}', '{ "note":"x",\n "grams":1 }']
    answers = [
        by_sender.post(
            address, body, content_type="application/json", headers={"Idempotency-Key": "same"}
        )
        for body in bodies
    ]
    assert [a.status_code for a in answers] == [200, 200]
    assert answers[1].headers["Idempotent-Replayed"] == "true"


def test_the_key_is_the_actors_own(by_sender, by_clerk, sender):
    mine, yours = (Parcel.objects.create(sender=sender, title=t, address="x") for t in "ab")
    assert command(by_sender, mine, "pack", {"grams": 1}, key="k").status_code == 200
    response = command(by_clerk, yours, "pack", {"grams": 1}, key="k")
    assert response.status_code == 200
    assert "Idempotent-Replayed" not in response.headers


def test_a_replay_hides_an_object_its_actor_may_not_see_any_more(by_clerk, clerk, as_user, packed):
    first = command(by_clerk, packed, "ship", key="k")
    clerk.user_permissions.remove(Permission.objects.get(codename="view_parcel"))
    client = as_user(type(clerk).objects.get(pk=clerk.pk))
    again = command(client, packed, "ship", key="k")
    assert again.status_code == 202
    assert again.json()["object"] is None
    assert again.json()["operation"]["id"] == first.json()["operation"]["id"]
    assert "ETag" not in again.headers
    assert command(client, packed, "ship").status_code == 404


def test_a_refusal_burns_no_key(by_sender, by_clerk, parcel):
    key = new_key()
    assert command(by_clerk, parcel, "ship", key=key).status_code == 409
    assert command(by_clerk, parcel, "pack", {"grams": 0}, key=key).status_code == 422
    assert command(by_clerk, parcel, "pack", {"grams": 1}, key=key).status_code == 200


@pytest.mark.parametrize("body", ["", "null", "{}"])
def test_nothing_is_an_empty_body(by_clerk, packed, body):
    response = by_clerk.post(
        f"/api/v1/parcels/{packed.pk}/ship/",
        body,
        content_type="application/json",
        headers={"Idempotency-Key": "k"},
    )
    assert response.status_code == 202


def test_a_valid_traceparent_is_stored_and_an_invalid_one_ignored(by_sender, sender):
    valid = f"00-{'a' * 32}-{'b' * 16}-01"
    told = {
        valid: valid,
        f"00-{'0' * 32}-{'b' * 16}-01": "",
        f"00-{'a' * 32}-{'0' * 16}-01": "",
        f"ff-{'a' * 32}-{'b' * 16}-01": "",
        f"{valid}-more": "",
        f"01-{'a' * 32}-{'b' * 16}-01-more": f"01-{'a' * 32}-{'b' * 16}-01",
        "nonsense": "",
        valid.upper(): "",
    }
    for number, (header, stored) in enumerate(told.items()):
        parcel = Parcel.objects.create(sender=sender, title=str(number), address="x")
        answer = command(by_sender, parcel, "pack", {"grams": 1}, Traceparent=header)
        operation = Operation.objects.get(pk=answer.json()["operation"]["id"])
        assert operation.traceparent == stored, header
