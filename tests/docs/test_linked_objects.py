"""The page on linked objects is true: its contracts are built, and its functions run."""

import pytest
from django.contrib.auth import get_user_model

from workflows_app.describe.timeline import timeline
from workflows_app.engine import execute
from workflows_app.engine.linked import DEEPEST
from workflows_app.failures import Refused

from .page_code import page_as_module, tables_of
from .reader import text_of

PAGE = "howto/linked-objects.md"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shop():
    """The code of the page as a module, with tables for its models."""
    with page_as_module(PAGE, "shop") as shop, tables_of(shop.Order, shop.Invoice):
        yield shop


@pytest.fixture
def clerk():
    return get_user_model().objects.create_superuser("clerk")


@pytest.fixture
def order(shop, clerk):
    made = shop.Order.objects.create(total=10)
    execute(made.order, by=clerk)
    return made


def test_ordering_writes_the_invoice_and_cancelling_makes_it_void(shop, order, clerk):
    assert shop.Invoice.objects.get().status == "open"
    shop.cancel(order, clerk)
    invoice = shop.Invoice.objects.get()
    assert (order.status, invoice.status) == ("cancelled", "void")
    told = [entry["text"] for entry in timeline(invoice).entries]
    assert told[-1].startswith('Void, by the system because of "cancel" of the order')
    assert 'Void, by the system because of "cancel" of the order' in text_of(PAGE)


def test_a_paid_invoice_keeps_its_order(shop, order, clerk):
    invoice = shop.Invoice.objects.get()
    execute(invoice.settle, by=clerk)
    assert shop.cancel(order, clerk) == f"Invoice {invoice.pk}: Only from To be paid."
    assert "Invoice 7: Only from To be paid." in text_of(PAGE)


def test_a_rule_of_the_database_refuses_in_its_own_words(shop, clerk):
    free = shop.Order.objects.create(total=0)
    with pytest.raises(Refused, match="New invoice: There is nothing to pay."):
        execute(free.order, by=clerk)
    assert not shop.Invoice.objects.exists()


def test_of_many_orders_those_that_cannot_be_cancelled_are_told(shop, order, clerk):
    other = shop.Order.objects.create(total=10)
    (refusal,) = shop.cancel_all([order, other], clerk)
    assert isinstance(refusal, Refused)
    assert order.status == "cancelled"


def test_the_page_tells_how_deep_commands_may_reach():
    words = {10: "ten"}
    assert f"more than {words[DEEPEST]} deep" in text_of(PAGE)
