from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from guardian.shortcuts import assign_perm

from tests.shapes import road

MANY = 12


def tell():
    assert road.faults() == set()
    with override_settings(WORKFLOWS={}):
        assert road.faults() == {"workflows_app.W066"}
    with override_settings(WORKFLOWS={"OBJECT_PERMISSIONS": "nowhere.to_be_found"}):
        assert road.faults() == {"workflows_app.E088"}
    walk = road.Road(**road.people())
    walk.walk()
    single_orders(walk)
    denied(walk)


def single_orders(walk):
    """Who handles two orders of many sees these and sends these, in one query of the list."""
    users = get_user_model().objects
    for_one, in_group = users.create_user("for_one"), users.create_user("in_group")
    packers = Group.objects.create(name="packers")
    in_group.groups.add(packers)
    orders = [walk.order(f"order {number}") for number in range(MANY)]
    mine = orders[:2]
    for pk, _ in mine:
        assign_perm("shop.handle_order", for_one, road.stored(pk))
        assign_perm("shop.handle_order", packers, road.stored(pk))
    for user in (for_one, in_group):
        same_with_and_without_a_filter(user, mine)
        assert road.post(user, f"{orders[2][1]}send/").status_code == 404
    assert road.post(for_one, f"{mine[0][1]}send/").status_code == 202
    assert road.post(in_group, f"{mine[1][1]}send/").status_code == 202


def same_with_and_without_a_filter(user, mine):
    asked, seen = listed(user)
    assert seen == {int(pk) for pk, _ in mine}
    with override_settings(WORKFLOWS={}):
        asked_one_by_one, seen_one_by_one = listed(user)
    assert seen_one_by_one == seen
    assert asked < MANY < asked_one_by_one


def listed(user):
    fresh = get_user_model().objects.get(pk=user.pk)
    with CaptureQueriesContext(connection) as queries:
        rows = road.client_of(fresh).get("/api/v1/orders/").json()["results"]
    return len(queries), {row["id"] for row in rows}


def denied(walk):
    """A backend that raises PermissionDenied has the last word."""
    banned = get_user_model().objects.create_user("banned")
    pk, url = walk.order("a secret")
    assign_perm("shop.handle_order", banned, road.stored(pk))
    assert road.post(banned, f"{url}send/").status_code == 404
