"""Objects over HTTP: what is shown to whom, and how one is created."""

from base64 import urlsafe_b64encode
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError

from tests.testapp.models import Parcel
from workflows_app.describe.status import status
from workflows_app.engine import execute
from workflows_app.models import Operation

from .conftest import command, new_key

pytestmark = pytest.mark.django_db

LIST = "/api/v1/parcels/"
OPERATIONS = "/api/v1/operations/"


def create(client, data, **headers):
    return client.post(LIST, data, headers={"Idempotency-Key": new_key()} | headers)


def test_an_object_is_its_columns_and_its_status_document(by_clerk, clerk, packed):
    body = by_clerk.get(f"{LIST}{packed.pk}/").json()
    assert (body["id"], body["title"], body["version"]) == (packed.pk, "books", 1)
    actions = body["workflow"].pop("actions")
    assert body["workflow"].pop("editable") == ["title", "address", "grams"]
    assert body["workflow"] == status(packed)
    ship = next(a for a in actions if a["name"] == "ship")
    assert ship["href"] == f"http://testserver{LIST}{packed.pk}/ship/"


def test_the_address_of_an_allowed_action_is_where_it_is_done(by_clerk, packed):
    actions = by_clerk.get(f"{LIST}{packed.pk}/").json()["workflow"]["actions"]
    href = next(a["href"] for a in actions if a["name"] == "ship")
    assert by_clerk.post(href, {}, headers={"Idempotency-Key": "k"}).status_code == 202


def test_a_list_carries_status_documents_without_actions(by_clerk, packed, sender):
    Parcel.objects.create(sender=sender, title="second")
    body = by_clerk.get(LIST).json()
    assert [item["title"] for item in body["results"]] == ["second", "books"]
    assert [item["workflow"]["state"] for item in body["results"]] == ["new", "packed"]
    assert all("actions" not in item["workflow"] for item in body["results"])
    assert (body["next"], body["previous"]) == (None, None)


def test_a_long_list_comes_in_pages_and_costs_the_same(
    by_clerk, clerk, sender, django_assert_max_num_queries
):
    for number in range(105):
        Parcel.objects.create(sender=sender, title=str(number))
    with django_assert_max_num_queries(6):
        first = by_clerk.get(LIST).json()
    second = by_clerk.get(first["next"]).json()
    assert (len(first["results"]), len(second["results"])) == (100, 5)
    assert second["next"] is None


def test_what_the_user_may_not_see_does_not_exist(as_user, people, by_clerk, packed):
    stranger = as_user(people["operator"])
    assert stranger.get(LIST).json()["results"] == []
    for answer in (
        stranger.get(f"{LIST}{packed.pk}/"),
        stranger.get(f"{LIST}{packed.pk}/timeline/"),
        command(stranger, packed, "ship"),
        stranger.get(f"{LIST}no-number/"),
        command(by_clerk, Parcel(pk=987654), "ship"),
    ):
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"


def test_who_sees_it_but_may_not_do_it_is_told_who_may(as_user, sender, packed):
    response = command(as_user(sender), packed, "ship")
    assert response.status_code == 403
    assert response.json() == {
        "type": "urn:problem-type:workflows:transition-forbidden",
        "title": "Not for you",
        "status": 403,
        "detail": "Only a clerk and not the sender may do this.",
        "transition": "ship",
        "who": "a clerk and not the sender",
    }


def test_the_systems_own_transitions_are_for_nobody(by_clerk, shipping):
    assert command(by_clerk, shipping, "arrive", {"tracking": "T"}).status_code == 403


def test_a_transition_the_contract_does_not_know_has_no_address(by_clerk, packed):
    response = command(by_clerk, packed, "teleport")
    assert response.status_code == 404
    assert response.headers["Content-Type"] == "application/problem+json"


def test_a_new_object_is_a_command_with_a_receipt(by_sender, sender):
    response = create(by_sender, {"title": "books", "address": "Main Street 1"})
    assert response.status_code == 201
    body = response.json()
    parcel = Parcel.objects.get()
    assert (parcel.title, parcel.sender, parcel.version) == ("books", sender, 0)
    assert response.headers["Location"] == f"http://testserver{LIST}{parcel.pk}/"
    assert body["operation"]["object"]["url"] == response.headers["Location"]
    assert body["operation"]["transition"] == "create"
    assert body["operation"]["actor"]["label"] == "Sender"
    read = by_sender.get(response.headers["Location"])
    assert read.json() == body["object"]
    assert read.headers["ETag"] == response.headers["ETag"]


def test_creating_twice_with_one_key_creates_once(by_sender):
    first, again = (create(by_sender, {"title": "b"}, **{"Idempotency-Key": "k"}) for _ in "12")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Location"] == first.headers["Location"]
    assert again.json()["operation"]["id"] == first.json()["operation"]["id"]
    assert again.json()["object"] == first.json()["object"]
    assert Parcel.objects.count() == Operation.objects.count() == 1


def test_the_key_of_a_creation_does_not_serve_another(by_sender):
    first = create(by_sender, {"title": "b"}, **{"Idempotency-Key": "k"})
    other = create(by_sender, {"title": "c"}, **{"Idempotency-Key": "k"})
    assert other.status_code == 422
    assert other.json()["type"].endswith("idempotency-key-reused")
    assert other.json()["operation"] == first.json()["operation"]["id"]


def test_what_the_model_cleans_is_asked_of_a_new_object_as_of_an_edit(by_sender, monkeypatch):
    def clean(self):
        if self.title == "mine":
            raise ValidationError({"title": ValidationError("Whose?", "vague")})

    monkeypatch.setattr(Parcel, "clean", clean)
    response = create(by_sender, {"title": "mine"})
    assert response.status_code == 422
    assert response.json()["errors"] == [
        {"pointer": "#/title", "detail": "Whose?", "code": "vague"}
    ]
    assert not Parcel.objects.exists()
    assert create(by_sender, {"title": "yours"}).status_code == 201


def test_a_new_object_must_be_valid_and_says_every_fault(by_sender):
    response = create(by_sender, {"grams": -1, "colour": "red", "sender": 7})
    assert response.status_code == 422
    problem = response.json()
    assert problem["type"].endswith("validation-error")
    assert {(e["pointer"], e["code"]) for e in problem["errors"]} == {
        ("#/title", "required"),
        ("#/grams", "min_value"),
        ("#/colour", "unknown_field"),
        ("#/sender", "unknown_field"),
    }
    assert not Parcel.objects.exists()


@pytest.mark.parametrize("column", ["status", "status_since", "version"])
def test_a_new_object_cannot_choose_what_only_commands_write(by_sender, column):
    response = create(by_sender, {"title": "b", column: "arrived"})
    assert response.status_code == 422
    assert response.json()["type"].endswith("protected-field")
    assert response.json()["errors"][0]["pointer"] == f"#/{column}"


@pytest.mark.parametrize("body", [[], [1], "text", 1])
def test_a_body_that_is_no_object_is_invalid(by_sender, parcel, body):
    for answer in (create(by_sender, body), command(by_sender, parcel, "pack", body)):
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "#"


def test_creating_needs_the_permission(by_clerk):
    response = create(by_clerk, {"title": "b"})
    assert response.status_code == 403
    assert response.json()["permission"] == "testapp.add_parcel"


def test_secrets_are_hidden_though_they_can_be_set(by_sender, by_clerk):
    response = create(by_sender, {"title": "b", "address": "Main Street 1"})
    parcel = Parcel.objects.get()
    assert parcel.address == "Main Street 1"
    for shown in (
        response,
        by_clerk.get(LIST),
        by_clerk.get(response.headers["Location"]),
        by_clerk.get(f"{response.headers['Location']}timeline/"),
        by_clerk.get("/api/v1/operations/"),
        by_clerk.get(response.json()["operation"]["url"]),
    ):
        assert "Main Street" not in shown.content.decode()
        assert "•••" in str(shown.json())


def test_the_timeline_over_http_has_words_and_pages(by_clerk, packed, clerk):
    for _ in range(101):
        execute(packed.sort, by=clerk)
    first = by_clerk.get(f"{LIST}{packed.pk}/timeline/").json()
    assert (
        first["results"][1]["text"]
        == "Pack, by Sender: Put it into a box and weigh it. Now: Packed."
    )
    second = by_clerk.get(first["next"]).json()
    assert (len(first["results"]), len(second["results"]), second["next"]) == (100, 3, None)


def as_cursor(text):
    return urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "address",
    [
        f"{LIST}{{pk}}/timeline/?cursor=nonsense",
        f"{LIST}{{pk}}/timeline/?cursor={as_cursor(f'0001-01-01T00:00:00+23:59|{UUID(int=0)}')}",
        f"{LIST}{{pk}}/timeline/?cursor={as_cursor(f'2026-01-01|{UUID(int=0)}')}",
        f"{LIST}?cursor=nonsense",
        f"{LIST}?cursor={as_cursor('p=nonsense')}",
        f"{OPERATIONS}?cursor={as_cursor('p=nonsense')}",
        f"{OPERATIONS}?cursor={as_cursor('p=-100')}",
    ],
)
def test_a_cursor_that_no_page_named_is_404(by_clerk, packed, address):
    assert by_clerk.get(address.format(pk=packed.pk)).status_code == 404


def test_options_tell_what_a_command_needs(by_sender, parcel):
    response = by_sender.options(f"{LIST}{parcel.pk}/pack/")
    assert response.status_code == 200
    assert response.json()["actions"]["POST"]["grams"]["required"] is True
    assert by_sender.options(LIST).status_code == 200


@pytest.mark.parametrize(
    "path", ["", "parcels/", "parcels/{}/", "parcels/{}/timeline/", "operations/"]
)
def test_the_pages_for_people_with_a_browser_render(by_clerk, packed, path):
    response = by_clerk.get(f"/api/v1/{path.format(packed.pk)}", headers={"Accept": "text/html"})
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")


def test_a_command_sent_by_such_a_page_is_answered_as_a_page(by_clerk, packed):
    response = command(by_clerk, packed, "ship", Accept="text/html")
    assert response.status_code == 202
    assert response.headers["Content-Type"].startswith("text/html")


def test_every_answer_is_private_and_varies_with_who_asks(by_clerk, packed):
    for response in (
        by_clerk.get(LIST),
        by_clerk.get(f"{LIST}{packed.pk}/"),
        command(by_clerk, packed, "arrive"),
        command(by_clerk, packed, "ship"),
    ):
        assert response.headers["Cache-Control"] == "private, no-cache"
        varies = {name.strip() for name in response.headers["Vary"].split(",")}
        assert {"Authorization", "Cookie", "Accept", "Accept-Language"} <= varies


def test_an_inactive_user_does_nothing(as_user, sender, parcel):
    sender.is_active = False
    assert as_user(sender).get(f"{LIST}{parcel.pk}/").status_code == 404
    assert command(as_user(sender), parcel, "pack", {"grams": 1}).status_code == 404


def test_the_timeline_of_a_deleted_parcel_is_for_those_who_see_every_parcel(
    parcel, sender, as_user, by_sender, by_clerk
):
    address = f"/api/v1/parcels/{parcel.pk}/timeline/"
    assert by_sender.get(address).status_code == 200
    parcel._history_user = sender
    parcel.delete()
    texts = [entry["text"] for entry in by_clerk.get(address).json()["results"]]
    assert texts == ["Created by the system.", "Deleted by Sender."]
    assert by_sender.get(address).status_code == 404
    assert by_clerk.get(f"/api/v1/parcels/{parcel.pk}/").status_code == 404
    assert by_clerk.get("/api/v1/parcels/4711/timeline/").status_code == 404
    assert by_clerk.get("/api/v1/parcels/nonsense/timeline/").status_code == 404
    receipts = by_clerk.get("/api/v1/operations/").json()["results"]
    assert receipts[0]["transition"] == "delete"
