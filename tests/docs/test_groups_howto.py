"""The page on steps that belong together is true: its contract is built and walked."""

import pytest
from django.contrib.auth import get_user_model

from workflows_app.contract import checks
from workflows_app.describe.receipt import receipt
from workflows_app.engine import execute
from workflows_app.models import Operation
from workflows_app.testing import drain

from .page_code import page_as_module, tables_of

PAGE = "howto/run-steps-together.md"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page():
    """The code of the page as a module, with tables for its model."""
    with page_as_module(PAGE, "tour") as page, tables_of(page.Tour):
        yield page


@pytest.fixture
def booked(page):
    """A tour that was asked for."""
    agent = get_user_model().objects.create_superuser("agent")
    tour = page.Tour.objects.create()
    execute(tour.book, by=agent)
    return tour


def test_the_contract_on_the_page_has_no_fault(page):
    (fault,) = checks.faults_of([page.Tour])
    assert "'trips.view_tour'" in fault.msg  # there is no app called trips


def test_the_steps_go_as_the_page_says(page, booked):
    drain()
    booked.refresh_from_db()
    assert (booked.status, booked.seat) == ("booked", "1A")
    told = receipt(Operation.objects.get(transition="book"))
    listed = ["ask_price", "ask_weather", "book_flight", "book_hotel"]
    assert [entry["effect"] for entry in told["effects"]] == listed


def sell_out(effect, failure):
    """Have the handler say so: a script knows only the effects of installed models."""

    def handler(tour, run):
        raise failure

    object.__setattr__(effect, "handler", handler)


def test_a_failure_ends_as_the_page_says(page, booked):
    sell_out(page.ask_price, page.SoldOut)
    sell_out(page.book_flight, page.SoldOut)
    tried = [attempt.effect for attempt in drain()]
    assert tried == ["ask_price", "ask_weather", "book_flight"]
    booked.refresh_from_db()
    assert (booked.status, booked.trouble) == ("broken", "sold_out")
    assert receipt(Operation.objects.get(transition="book"))["state"] == "failed"
