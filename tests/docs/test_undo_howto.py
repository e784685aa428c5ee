"""The page on undoing is true: its contract is built, and a payment is called off as it says."""

import pytest
from django.contrib.auth import get_user_model

from tests import testapp
from workflows_app.engine import execute
from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel
from workflows_app.testing import drain

from .page_code import page_as_module, tables_of

PAGE = "howto/undo-a-payment.md"

pytestmark = pytest.mark.django_db(transaction=True)


class Card:
    """The card processor: what it took and gave back."""

    def __init__(self):
        self.charged, self.refunded = [], []
        self.answer = None

    def charge(self, order, key):
        if self.answer is not None:
            raise self.answer
        self.charged.append(key)
        return f"C-{order}"

    def refund(self, charge, key):
        self.refunded.append(charge)


@pytest.fixture
def shop(monkeypatch):
    """The code of the page as a module, with tables for its model."""
    monkeypatch.setattr(testapp, "card", Card(), raising=False)
    with page_as_module(PAGE, "shop") as shop:
        columns = {
            "__module__": "tests.testapp.models",
            "status": StatusField(shop.Sale),
            "history": WorkflowHistory(),
        }
        bases = (shop.OrderWorkflow, WorkflowModel)
        shop.Order = type(WorkflowModel)("ShopOrder", bases, columns)
        with tables_of(shop.Order):
            yield shop


@pytest.fixture
def clerk():
    return get_user_model().objects.create_superuser("clerk")


@pytest.fixture
def bought(shop, clerk):
    order = shop.Order.objects.create()
    execute(order.buy, by=clerk)
    return order


def test_what_has_not_begun_is_cancelled(shop, bought, clerk):
    told = shop.call_off(bought, clerk)
    assert told == {"cancelled": ["charge_card"], "already_sent": [], "will_undo": []}
    drain()
    assert shop.card.charged == []


def test_what_is_done_is_refunded_once(shop, bought, clerk):
    drain()
    bought.refresh_from_db()
    told = shop.call_off(bought, clerk)
    assert told == {"cancelled": [], "already_sent": [], "will_undo": ["charge_card"]}
    drain()
    assert (len(shop.card.charged), shop.card.refunded) == (1, [f"C-{bought.pk}"])


def test_what_nobody_knows_of_is_not_sent_again(shop, bought, clerk):
    shop.card.answer = shop.NoAnswer
    drain()
    told = shop.call_off(bought, clerk)
    assert told == {
        "cancelled": [],
        "already_sent": ["charge_card"],
        "will_undo": ["charge_card"],
    }
    shop.card.answer = None
    drain()
    assert (shop.card.charged, shop.card.refunded) == ([], [])
