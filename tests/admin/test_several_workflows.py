"""Several workflows, and a command of several declarations, in the admin."""

import uuid

import pytest
from django.urls import reverse

from tests.testapp.models import Product
from workflows_app import SYSTEM
from workflows_app.engine import execute
from workflows_app.models import Operation
from workflows_app.ops import place

from .conftest import ROWS, person, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def both():
    may = ("make_product", "test_product", "view_product", "change_product", "add_product")
    return person("both", *may, *ROWS)


@pytest.fixture
def browser(browser_of, both):
    return browser_of(both)


@pytest.fixture
def product():
    return Product.objects.create(title="lamp", recipe="glass")


@pytest.fixture
def live():
    product = Product(title="lamp")
    place(product, {"status": "live", "review_status": "passed"}, by=SYSTEM, reason="A test.")
    return product


def page_of(product):
    return reverse("admin:testapp_product_change", args=[product.pk])


def command_of(product, name):
    return reverse("admin:testapp_product_command", args=[product.pk, name])


def sent(product, **more):
    return {"version": product.version, "key": str(uuid.uuid4()), "reason": "", **more}


def test_the_page_shows_where_the_object_stands_in_every_workflow(browser, product):
    execute(product.review, by=SYSTEM)
    response = browser.get(page_of(product))
    page, html = text_of(response), response.content.decode()
    assert "Status: Launch An idea" in page
    assert "Status: Review In the laboratory Queued" in page
    for field in ("status", "review_status"):
        assert html.count(f'id="workflow-status-heading-{field}"') == 1
        assert f'name="{field}"' not in html
    for name in ("hurry", "retire", "fail_review"):
        assert f'href="{command_of(product, name)}"' in html
    assert "Review Only from To be reviewed." in page


def test_a_command_of_any_workflow_is_given_from_its_page(browser, product):
    page = text_of(browser.get(command_of(product, "judge")))
    assert "From “To be reviewed” to: Passed." in page
    assert "Status: Review To be reviewed" in page
    browser.post(command_of(product, "judge"), sent(product, **{"data-grade": "A"}))
    operation = Operation.objects.get(version=1)
    assert (operation.field, operation.target) == ("review_status", "passed")
    page = text_of(browser.get(page_of(product)))
    assert "Judge, by Both: Say at once what it is worth. Now: Passed." in page


def test_the_list_shows_and_filters_every_state(browser, product):
    execute(product.review, by=SYSTEM)
    listed = browser.get(reverse("admin:testapp_product_changelist"))
    assert "In the laboratory" in text_of(listed)
    url = reverse("admin:testapp_product_changelist")
    assert "1 product" in text_of(browser.get(url, {"review_status__exact": "lab"}))
    assert "0 products" in text_of(browser.get(url, {"review_status__exact": "open"}))


def test_editing_leaves_every_state_alone(browser, product):
    posted = {"title": "other", "status": "live", "review_status": "passed", "version": 9}
    posted |= {"workflow-version": 0, "workflow-key": str(uuid.uuid4())}
    browser.post(page_of(product), posted | {"grade": "", "recipe": "", "fault": ""})
    product.refresh_from_db()
    assert (product.title, product.status, product.review_status, product.version) == (
        "other",
        "idea",
        "open",
        1,
    )


def test_rows_are_told_in_the_words_of_their_workflow(browser, product):
    execute(product.review, by=SYSTEM)
    page = text_of(browser.get(reverse("admin:workflows_app_operation_changelist")))
    assert "To be reviewed → In the laboratory" in page
    page = text_of(browser.get(reverse("admin:workflows_app_effectrun_changelist")))
    assert "Ask lab" in page


def test_history_tells_every_change_of_a_state_and_no_time_of_one(browser, product):
    execute(product.review, by=SYSTEM)
    page = text_of(browser.get(reverse("admin:testapp_product_history", args=[product.pk])))
    assert "In the laboratory" in page
    assert "Review status since" not in page


def test_the_form_of_a_command_is_that_of_the_declaration_that_holds(browser, product, live):
    asked = browser.get(command_of(product, "withdraw")).content.decode()
    assert ("Drop the idea" in asked, 'name="data-fault"' in asked) == (True, False)
    asked = browser.get(command_of(live, "withdraw")).content.decode()
    assert ("Recall" in asked, 'name="data-fault"' in asked) == (True, True)
    browser.post(command_of(live, "withdraw"), sent(live, **{"data-fault": "sparks"}))
    live.refresh_from_db()
    assert (live.status, live.fault) == ("off", "sparks")


def test_a_form_that_holds_no_more_is_shown_anew(browser, live):
    before = sent(live, **{"data-fault": "sparks"})
    execute(live.retire, by=SYSTEM)
    response = browser.post(command_of(live, "withdraw"), before, follow=True)
    assert "Only from An idea or On sale." in text_of(response)
    assert not Operation.objects.filter(transition="withdraw").exists()
