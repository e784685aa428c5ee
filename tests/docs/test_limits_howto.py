"""The page on limits is true: its contract is built, and its orders wait as it says."""

import pytest
from django.contrib.auth import get_user_model

from workflows_app.contract import checks
from workflows_app.describe.status import status
from workflows_app.engine import execute
from workflows_app.models import EffectRun
from workflows_app.testing import drain

from .page_code import page_as_module, tables_of
from .reader import text_of

PAGE = "howto/limit-a-vendor.md"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page():
    """The code of the page as a module, with tables for its model."""
    with page_as_module(PAGE, "stock") as page, tables_of(page.Order):
        yield page


def test_the_contract_on_the_page_has_no_fault(page):
    (fault,) = checks.faults_of([page.Order])
    assert "'stock.view_order'" in fault.msg  # there is no app called stock


def test_orders_of_one_vendor_wait_for_each_other_and_say_so(page):
    buyer = get_user_model().objects.create_superuser("buyer")
    orders = [page.Order.objects.create(vendor=vendor) for vendor in ("Ash", "Ash", "Oak")]
    for order in orders:
        execute(order.ask, by=buyer)
    states = EffectRun.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == ["queued", "held", "queued"]
    assert status(orders[1])["headline"] in text_of(PAGE)
    drain()
    assert set(states.all()) == {"done"}
