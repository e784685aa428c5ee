"""The address of a command under its former name: the same command, and where it is today."""

import pytest
from rest_framework.decorators import action

from tests.testapp.models import Parcel
from workflows_app.api import WorkflowViewSet
from workflows_app.models import Operation

from .conftest import command, new_key

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("slash", ["/", ""])
def test_a_client_of_the_earlier_release_gives_the_same_command(by_clerk, packed, slash):
    response = by_clerk.post(
        f"/api/v1/parcels/{packed.pk}/dispatch{slash}", {}, headers={"Idempotency-Key": new_key()}
    )
    assert response.status_code == 202
    assert response.json()["operation"]["transition"] == "ship"
    today = f"http://testserver/api/v1/parcels/{packed.pk}/ship/"
    assert response.headers["Link"] == f'<{today}>; rel="successor-version"'
    packed.refresh_from_db()
    assert packed.status == "shipping"


def test_under_the_name_of_today_there_is_no_successor(by_clerk, packed):
    assert "Link" not in command(by_clerk, packed, "ship").headers


def test_a_command_sent_again_to_the_other_address_is_one_command(by_clerk, packed):
    key = new_key()
    first = command(by_clerk, packed, "dispatch", key=key)
    again = command(by_clerk, packed, "ship", key=key)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json()["operation"]["id"] == first.json()["operation"]["id"]
    assert Operation.objects.filter(transition="ship").count() == 1


def test_a_refusal_names_the_transition_of_today(by_clerk, parcel):
    response = command(by_clerk, parcel, "dispatch")
    assert response.status_code == 409
    assert response.json()["transition"] == "ship"


def test_actions_are_offered_under_the_names_of_today(by_clerk, packed):
    document = by_clerk.get(f"/api/v1/parcels/{packed.pk}/").json()
    offered = {action["name"] for action in document["workflow"]["actions"]}
    assert "ship" in offered
    assert not offered & {"post", "dispatch", "come"}


def test_an_address_that_the_project_took_since_is_the_projects():
    class Posts(WorkflowViewSet):
        queryset = Parcel.objects.all()

        @action(detail=True, methods=["post"], url_path="dispatch")
        def by_train(self, request, **kwargs):
            """The project's own."""

    leading = {extra.url_path: extra.__name__ for extra in Posts.get_extra_actions()}
    assert leading["dispatch"] == "by_train"
    assert (leading["post"], leading["ship"]) == ("transition_post", "transition_ship")
