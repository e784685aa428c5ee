"""The view set asks for little: a queryset; the contract says the rest."""

import uuid

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.urls import include, path, reverse
from rest_framework import throttling

from tests.testapp.models import Crate, Parcel
from tests.testapp.views import ParcelViewSet
from workflows_app.api import WorkflowRouter, WorkflowViewSet
from workflows_app.api.urls import urlpatterns as operations

from .conftest import command, new_key

pytestmark = pytest.mark.django_db

LIST = "/api/v1/crates/"


@pytest.fixture
def keeper(people):
    """Somebody who may add crates and see them."""
    clerk = people["clerk"]
    clerk.user_permissions.add(Permission.objects.get(codename="add_crate"))
    return clerk


def test_without_a_serializer_every_column_is_shown_and_the_editable_ones_may_be_brought(
    as_user, keeper
):
    client = as_user(keeper)
    response = client.post(LIST, {"title": "big"}, headers={"Idempotency-Key": new_key()})
    assert response.status_code == 201
    crate = Crate.objects.get()
    body = client.get(response.headers["Location"]).json()
    assert body.pop("workflow")["state"] == "open"
    assert body.pop("status_since")
    assert body == {
        "id": str(crate.pk),
        "title": "big",
        "picture": None,
        "status": "open",
        "version": 0,
    }
    refused = client.post(LIST, {"id": str(uuid.uuid4())}, headers={"Idempotency-Key": new_key()})
    assert refused.json()["errors"][0]["code"] == "unknown_field"


def test_a_uuid_is_the_same_key_however_it_is_written(as_user, keeper):
    crate = Crate.objects.create(title="x")
    answers = [
        as_user(keeper).post(f"{LIST}{pk}/shut/", {}, headers={"Idempotency-Key": "k"})
        for pk in (crate.pk, str(crate.pk).upper(), crate.pk.hex)
    ]
    assert [a.status_code for a in answers] == [200, 200, 200]
    assert ["Idempotent-Replayed" in a.headers for a in answers] == [False, True, True]


def test_an_operation_finds_its_object_behind_whatever_name_the_router_has(as_user, keeper):
    crate = Crate.objects.create(title="x")
    operation = as_user(keeper).get("/api/v1/operations/").json()["results"][0]
    assert operation["object"]["url"] == f"http://testserver{LIST}{crate.pk}/"
    assert reverse("chest-detail", args=[crate.pk]) == f"{LIST}{crate.pk}/"


@pytest.mark.parametrize("pk", ["0", "-1", "9" * 30, "1e3", "%20", "٣"])
def test_what_is_no_key_of_an_object_is_404(by_clerk, pk):
    for path_ in (f"/api/v1/parcels/{pk}/", f"/api/v1/parcels/{pk}/timeline/"):
        assert by_clerk.get(path_).status_code == 404
    response = by_clerk.post(
        f"/api/v1/parcels/{pk}/ship/", {}, headers={"Idempotency-Key": new_key()}
    )
    assert response.status_code == 404


def test_another_look_up_field_is_refused_where_it_is_written():
    with pytest.raises(ImproperlyConfigured, match="addressed by their pk"):

        class ByTitle(WorkflowViewSet):
            queryset = Parcel.objects.all()
            lookup_field = "title"


class Narrow(WorkflowViewSet):
    """A project narrows what is served; the contract still hides the rest."""

    queryset = Parcel.objects.all()

    def get_queryset(self):
        return super().get_queryset().filter(title__startswith="b")


router = WorkflowRouter()
router.register("narrow", Narrow, basename="narrow")
urlpatterns = [path("api/v2/", include(([*router.urls, *operations], "v2")))]


@pytest.mark.urls(__name__)
def test_in_a_namespace_addresses_are_found_and_the_contract_still_hides(by_sender, parcel):
    other = Parcel.objects.create(sender=parcel.sender, title="another")
    body = by_sender.get("/api/v2/narrow/").json()
    assert [item["id"] for item in body["results"]] == [parcel.pk]
    assert by_sender.get(f"/api/v2/narrow/{other.pk}/").status_code == 404
    actions = by_sender.get(f"/api/v2/narrow/{parcel.pk}/").json()["workflow"]["actions"]
    response = by_sender.post(
        actions[0]["href"], {"grams": 1}, headers={"Idempotency-Key": new_key()}
    )
    operation = response.json()["operation"]
    assert operation["url"].startswith("http://testserver/api/v2/operations/")
    assert operation["object"]["url"] == f"http://testserver/api/v2/narrow/{parcel.pk}/"
    assert by_sender.get(operation["url"]).json() == operation


def test_a_project_that_throttles_scopes_throttles_commands_and_nothing_else(
    by_sender, sender, parcel, monkeypatch
):
    class Scoped(throttling.ScopedRateThrottle):
        THROTTLE_RATES = {"commands": "1/day"}

    monkeypatch.setattr(ParcelViewSet, "throttle_classes", [Scoped])
    assert command(by_sender, parcel, "pack", {"grams": 1}).status_code == 200
    refused = command(by_sender, parcel, "pack", {"grams": 1})
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert by_sender.get(f"/api/v1/parcels/{parcel.pk}/").status_code == 200
    creation = by_sender.post("/api/v1/parcels/", {}, headers={"Idempotency-Key": new_key()})
    assert creation.status_code == 429


def test_a_command_asks_the_database_a_bounded_number_of_questions(
    by_clerk, clerk, packed, django_assert_max_num_queries
):
    clerk.has_perm("testapp.view_parcel")  # asked before, as a request does
    # Where the database has no conditional uniqueness, the command asks for it itself.
    more = 0 if connection.features.supports_partial_indexes else 1
    with django_assert_max_num_queries(14 + more):
        assert command(by_clerk, packed, "ship").status_code == 202


def test_reading_an_object_costs_two_queries(by_clerk, clerk, packed, django_assert_num_queries):
    clerk.has_perm("testapp.view_parcel")
    with django_assert_num_queries(2):
        assert by_clerk.get(f"/api/v1/parcels/{packed.pk}/").status_code == 200


def test_a_project_may_do_without_pages(by_sender, parcel, monkeypatch):
    monkeypatch.setattr(ParcelViewSet, "pagination_class", None)
    (item,) = by_sender.get("/api/v1/parcels/").json()
    assert (item["id"], item["workflow"]["phase"]) == (parcel.pk, "needs_person")
