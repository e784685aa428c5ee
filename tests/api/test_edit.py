"""PATCH is the command ``edit``: what this user may change in this state, and nothing else."""

import itertools

import pytest
from rest_framework.serializers import CharField, ModelSerializer

from tests.testapp.models import Parcel
from tests.testapp.views import ParcelViewSet
from workflows_app.engine import execute
from workflows_app.models import Operation

from .conftest import new_key
from .test_order_of_checks import (
    COMMAND_ORDER,
    REUSED,
    Asked,
    build,
    not_visible,
    send,
)

pytestmark = pytest.mark.django_db

LIST = "/api/v1/parcels/"


def patch(client, parcel, body, *, key=None, match=None, **headers):
    """PATCH with what a careful client sends; None for a header that is left out."""
    match = f'"{parcel.version}"' if match is None else match
    return client.patch(
        f"{LIST}{parcel.pk}/",
        body,
        headers={"Idempotency-Key": key or new_key(), "If-Match": match, **headers},
    )


def kind(response):
    return response.json()["type"].rpartition(":")[2]


def test_an_edit_answers_with_its_operation_and_the_object(by_sender, parcel, sender):
    response = patch(by_sender, parcel, {"title": "maps", "address": "Road 2"}, key="k")
    assert response.status_code == 200
    told = response.json()
    assert (told["operation"]["transition"], told["operation"]["done"]) == ("edit", True)
    assert (told["operation"]["source"], told["operation"]["target"]) == ("new", "new")
    assert told["operation"]["data"] == {"title": "maps", "address": "•••"}
    assert (told["object"]["title"], told["object"]["address"]) == ("maps", "•••")
    assert told["object"]["workflow"]["version"] == 1
    assert response["ETag"].startswith('"1.')
    assert response["Idempotency-Key"] == "k"
    assert response["Vary"]
    parcel.refresh_from_db()
    assert (parcel.title, parcel.address, parcel.version) == ("maps", "Road 2", 1)
    operation = Operation.objects.get(kind="edit")
    assert operation.actor == f"user:{sender.pk}"


def test_without_the_slash_it_is_the_same(by_sender, parcel):
    response = by_sender.patch(
        f"{LIST}{parcel.pk}",
        {"title": "maps"},
        headers={"Idempotency-Key": "k", "If-Match": '"0"'},
    )
    assert response.status_code == 200


def test_the_tag_of_the_object_is_what_if_match_takes(by_sender, parcel):
    tag = by_sender.get(f"{LIST}{parcel.pk}/")["ETag"]
    assert patch(by_sender, parcel, {"title": "maps"}, match=tag).status_code == 200
    late = patch(by_sender, parcel, {"title": "pans"}, match=tag)
    assert (late.status_code, kind(late)) == (412, "stale-version")
    assert late.json()["current"]["version"] == 1
    assert late["ETag"] == late.json()["current"]["etag"]
    again = patch(by_sender, parcel, {"title": "pans"}, match=late["ETag"])
    assert again.status_code == 200


def test_the_same_request_again_is_the_same_edit(by_sender, parcel):
    first = patch(by_sender, parcel, {"title": "maps"}, key="k")
    again = patch(by_sender, parcel, {"title": "maps"}, key="k")
    assert (again.status_code, again["Idempotent-Replayed"]) == (200, "true")
    assert again.json()["operation"]["id"] == first.json()["operation"]["id"]
    other = patch(by_sender, parcel, {"title": "pans"}, key="k")
    assert (other.status_code, kind(other)) == (422, "idempotency-key-reused")
    assert Operation.objects.filter(kind="edit").count() == 1


@pytest.mark.parametrize("name", ["status", "version", "sender", "id"])
def test_what_only_commands_write_is_refused_and_never_ignored(name, by_sender, parcel):
    response = patch(by_sender, parcel, {name: "1", "title": "maps"})
    assert (response.status_code, kind(response)) == (422, "protected-field")
    problem = response.json()
    assert problem["errors"] == [
        {"pointer": f"#/{name}", "detail": "Only a command writes it.", "code": "protected_field"}
    ]
    assert [action["name"] for action in problem["actions"]] == ["pack"]
    parcel.refresh_from_db()
    assert (parcel.title, parcel.version) == ("books", 0)


@pytest.mark.parametrize(
    ("body", "code", "pointer"),
    [
        ({"surprise": 1}, "unknown_field", "#/surprise"),
        ({"tracking": "T"}, "unknown_field", "#/tracking"),
        ({"title": ""}, "blank", "#/title"),
        ({"title": {"a": 1}}, "invalid", "#/title"),
        ({"grams": -1}, "min_value", "#/grams"),
        ({}, "nothing_to_edit", "#"),
        ([], "invalid", "#"),
        (["title"], "invalid", "#"),
    ],
)
def test_wrong_data_is_pointed_at(body, code, pointer, by_sender, parcel):
    """``tracking`` is read-only in the serializer: over HTTP it is no member to send."""
    response = patch(by_sender, parcel, body)
    assert (response.status_code, kind(response)) == (422, "validation-error")
    assert (code, pointer) in [(e["code"], e["pointer"]) for e in response.json()["errors"]]


def test_a_column_of_another_state_is_a_conflict_that_says_when(by_sender, packed, sender, clerk):
    Parcel.objects.filter(pk=packed.pk).update(title="shelf")
    execute(packed.sort, by=clerk)
    response = patch(by_sender, packed, {"grams": 5})
    assert (response.status_code, kind(response)) == (409, "transition-not-allowed")
    problem = response.json()
    assert problem["reasons"] == [
        {
            "code": "not_editable",
            "detail": "grams: to be edited only in New.",
            "pointer": "#/grams",
        }
    ]
    assert problem["editable"] == ["address"]
    assert problem["current"]["state"] == "shelf"


def test_a_column_of_other_people_is_forbidden_and_says_whose_it_is(by_clerk, packed, monkeypatch):
    monkeypatch.setattr(ParcelViewSet, "serializer_class", None)
    response = patch(by_clerk, packed, {"trouble": "none"})
    assert (response.status_code, kind(response)) == (403, "transition-forbidden")
    assert response.json()["detail"] == "Only the sender may edit trouble."
    assert [reason["pointer"] for reason in response.json()["reasons"]] == ["#/trouble"]


def test_who_sees_it_and_edits_nothing_is_forbidden(as_user, packed, people):
    viewer = people["operator"]
    viewer.user_permissions.set(people["clerk"].user_permissions.filter(codename="view_parcel"))
    response = patch(as_user(type(viewer).objects.get(pk=viewer.pk)), packed, {"title": "x"})
    assert (response.status_code, kind(response)) == (403, "transition-forbidden")


def test_an_object_out_of_sight_does_not_exist(as_user, packed, people):
    assert patch(as_user(people["operator"]), packed, {"title": "x"}).status_code == 404


def test_the_document_says_what_its_reader_may_send_now(by_sender, by_clerk, packed, sender):
    """What the serializer does not take is left out, also where the contract would allow it."""
    new = Parcel.objects.create(sender=sender, title="pans")

    def told(client, parcel):
        return client.get(f"{LIST}{parcel.pk}/").json()["workflow"]["editable"]

    assert told(by_sender, new) == told(by_clerk, packed) == ["title", "address", "grams"]
    assert told(by_sender, packed) == told(by_clerk, new) == []
    listed = by_clerk.get(LIST).json()["results"]
    assert all("editable" not in item["workflow"] for item in listed)


def test_a_view_set_may_call_columns_something_else(by_sender, parcel, monkeypatch):
    class Renamed(ModelSerializer):
        name = CharField(source="title", min_length=3)

        class Meta:
            model = Parcel
            fields = ["id", "name"]

    monkeypatch.setattr(ParcelViewSet, "serializer_class", Renamed)
    assert by_sender.get(f"{LIST}{parcel.pk}/").json()["workflow"]["editable"] == ["name"]
    assert patch(by_sender, parcel, {"name": "ab"}).json()["errors"][0]["pointer"] == "#/name"
    assert patch(by_sender, parcel, {"name": "maps"}).json()["object"]["name"] == "maps"
    assert patch(by_sender, parcel, {"title": "maps"}, match="*").status_code == 422


@pytest.mark.parametrize("method", ["put", "delete"])
def test_replacing_and_deleting_are_not_offered(method, by_sender, parcel):
    response = getattr(by_sender, method)(f"{LIST}{parcel.pk}/", {"title": "x"})
    assert response.status_code == 405
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Allow"] == "GET, PATCH, HEAD, OPTIONS"


def test_edits_are_throttled_as_commands_are(by_sender, parcel, monkeypatch):
    scopes = []

    def note(view, request):
        view.get_throttles()
        scopes.append(view.throttle_scope)

    monkeypatch.setattr(ParcelViewSet, "check_throttles", note)
    patch(by_sender, parcel, {"title": "maps"})
    assert scopes == ["commands"]


def not_permitted(asked):
    """A viewer: sees it and may edit nothing anywhere."""
    user = asked.people["clerk2"]
    user.user_permissions.set(user.user_permissions.filter(codename="view_parcel"))
    asked.user = type(user).objects.get(pk=user.pk)


def wrong_state(asked):
    asked.settled = True


EDIT_ORDER = [
    {"not_permitted": (not_permitted, 403, "transition-forbidden")}.get(one[0].__name__, one)
    for one in COMMAND_ORDER
]
PAIRS = list(itertools.combinations(EDIT_ORDER, 2))


class Edited(Asked):
    method = "patch"


@pytest.fixture
def edited(people, packed):
    """An edit of a parcel that the clerk sees, and that is put where nobody edits it."""
    asked = Edited(people, f"{LIST}{packed.pk}/", '"1"')
    asked.body = '{"grams": 7}'
    for name in ("clerk", "clerk2"):
        other = Parcel.objects.create(sender=people["sender"], title=name, address="x")
        execute(other.pack, by=people[name], data={"grams": 1}, key=REUSED)
    Parcel.objects.filter(pk=packed.pk).update(title="return it")
    packed.refresh_from_db()
    return asked


@pytest.mark.parametrize(
    ("earlier", "later"), PAIRS, ids=[f"{a[0].__name__}-{b[0].__name__}" for a, b in PAIRS]
)
def test_of_two_faults_the_earlier_one_is_told(
    earlier, later, edited, packed, as_user, monkeypatch
):
    if earlier[0] is not_visible and later[0].__name__ == "not_permitted":
        edited.people["clerk2"] = edited.people["operator"]
    build(edited, packed, [earlier[0], later[0]])
    assert send(edited, as_user, monkeypatch) == earlier[1:]
    assert not Operation.objects.filter(kind="edit").exists()


def test_without_a_fault_it_is_accepted(edited, as_user, monkeypatch):
    assert send(edited, as_user, monkeypatch) == (200, "accepted")
