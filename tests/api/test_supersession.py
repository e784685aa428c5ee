"""A command that ends and undoes what earlier ones asked for says over HTTP what became of that."""

import pytest

from tests.engine.conftest import person
from tests.orders.models import Order
from tests.orders.workflow import Silent
from workflows_app import accepted
from workflows_app.engine import receive
from workflows_app.models import EffectRun
from workflows_app.testing import drain

from .conftest import new_key

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client(as_user):
    return as_user(person("storekeeper", "handle_order", "view_order"))


@pytest.fixture
def order(db):
    return Order.objects.create(address="Main Street 1")


def give(client, order, command):
    """POST a command that is accepted; its operation."""
    address = f"/api/v1/orders/{order.pk}/{command}/"
    response = client.post(address, {}, headers={"Idempotency-Key": new_key()})
    assert response.status_code == 202, response.json()
    operation = response.json()["operation"]
    assert response.headers["Location"] == operation["url"]
    assert int(response.headers["Retry-After"]) >= 1
    return operation


def told(operation):
    members = ("cancelled", "already_sent", "will_undo")
    return {name: [entry["effect"] for entry in operation[name]] for name in members}


def now(client, operation):
    """The operation as it is now, at its own address."""
    response = client.get(operation["url"])
    assert response.status_code == 200
    return response.json()


def test_a_command_that_ends_nothing_lists_nothing(client, order):
    assert told(give(client, order, "buy")) == {
        "cancelled": [], "already_sent": [], "will_undo": []
    }  # fmt: skip


def test_what_had_not_left_is_listed_as_cancelled(client, order):
    bought = give(client, order, "buy")
    operation = give(client, order, "cancel")
    assert told(operation) == {"cancelled": ["charge"], "already_sent": [], "will_undo": []}
    (entry,) = operation["cancelled"]
    assert (entry["state"], entry["superseded"]) == ("cancelled", "cancelled")
    ended = now(client, bought)
    assert (ended["state"], ended["done"]) == ("superseded", True)
    assert ended["superseded_by"] == operation["id"]


def test_what_may_be_outside_is_listed_as_already_sent_and_to_be_undone(client, order, answers):
    answers["buy_ticket"] = lambda order, run: accepted("F-1")
    answers["charge"] = Silent
    give(client, order, "ship")
    drain()
    give(client, order, "buy")
    operation = give(client, order, "cancel")
    assert told(operation) == {
        "cancelled": ["charge"], "already_sent": ["buy_ticket"], "will_undo": ["buy_ticket"]
    }  # fmt: skip
    drain()
    waiting = now(client, operation)
    assert (waiting["state"], waiting["done"]) == ("waiting", False)
    answer = {"data": {"reference": "F-1"}}
    assert receive("bank", "f1", "ticket.answered", answer).state == "matched"
    drain()
    undone = now(client, operation)
    assert told(undone) == told(operation)
    assert (undone["state"], undone["done"]) == ("completed", True)
    (entry,) = [one for one in undone["effects"] if one["effect"] == "return_ticket"]
    assert entry["undoes"] == str(EffectRun.objects.get(effect="buy_ticket").pk)


def test_what_is_done_is_listed_as_to_be_undone(client, order):
    give(client, order, "buy")
    drain()
    operation = give(client, order, "take_back")
    assert told(operation) == {"cancelled": [], "already_sent": [], "will_undo": ["charge"]}
    assert [entry["effect"] for entry in operation["effects"]] == ["refund"]
    assert operation["done"] is False
    drain()
    assert now(client, operation)["done"] is True


def test_the_same_command_again_tells_how_it_stands_now(client, order):
    give(client, order, "buy")
    drain()
    address = f"/api/v1/orders/{order.pk}/take_back/"
    key = {"Idempotency-Key": new_key()}
    first = client.post(address, {}, headers=key)
    drain()
    again = client.post(address, {}, headers=key)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert told(again.json()["operation"]) == told(first.json()["operation"])
    assert again.json()["operation"]["done"] is True
