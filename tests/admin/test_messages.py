"""The inbox in the admin: what came, what came of it, and no secret; nobody edits it."""

import pytest
from django.urls import reverse

from tests.testapp.models import Payment
from workflows_app.engine import receive
from workflows_app.models import Message

from .conftest import allow, person, text_of

pytestmark = pytest.mark.django_db(transaction=True)

LIST = reverse("admin:workflows_app_message_changelist")


def page_of(message, page="change"):
    return reverse(f"admin:workflows_app_message_{page}", args=[message.pk])


@pytest.fixture
def used():
    payload = {"data": {"card": "4711", "amount": 5}}
    return receive("bank", "made", "payment.issued", payload)


@pytest.fixture
def unused():
    payload = {"data": {"card": "0815", "reason": "not mine"}}
    return receive("bank", "m1", "card.disputed", payload)


@pytest.fixture
def browser(clerk, browser_of):
    allow(clerk, "view_message", "view_operation", "handle_parcel")
    return browser_of(clerk)


def test_the_list_says_what_came_of_each(used, unused, browser):
    page = text_of(browser.get(LIST))
    assert "bank payment.issued Matched" in page
    assert "bank card.disputed Unmatched Nobody waits for it" in page


@pytest.mark.parametrize(("state", "number"), [("unmatched", 1), ("matched", 1), ("stuck", 0)])
def test_messages_are_filtered_by_state(used, unused, browser, state, number):
    found = browser.get(LIST, {"state__exact": state})
    assert found.context["cl"].result_count == number


@pytest.mark.parametrize("query", ["m1", "made", "4711", "nobody's"])
def test_messages_are_found_by_their_id(used, unused, browser, query):
    found = browser.get(LIST, {"q": query}).context["cl"].result_count
    assert found == (query in ("m1", "made"))


def test_a_message_shows_whom_it_was_for_and_no_secret(used, browser):
    response = browser.get(page_of(used))
    page = text_of(response)
    assert "&quot;card&quot;: &quot;•••&quot;" in page
    assert "4711" not in response.content.decode()
    assert str(used.operation_id) in response.content.decode()
    assert f"payment {Payment.objects.get().pk}" in page


def test_what_nobody_has_used_hides_the_secrets_of_every_contract(unused, browser):
    response = browser.get(page_of(unused))
    assert "0815" not in response.content.decode()
    assert "not mine" in text_of(response)


def test_messages_of_objects_out_of_sight_are_not_there(used, unused, browser_of):
    stranger = person("stranger", "view_message")
    listed = browser_of(stranger).get(LIST).context["cl"].result_list
    assert [message.pk for message in listed] == [unused.pk]
    assert browser_of(stranger).get(page_of(used)).status_code == 302


def test_without_the_view_permission_nobody_looks(used, clerk, browser_of):
    allow(clerk, "view_operation")
    assert browser_of(clerk).get(LIST).status_code == 403


def test_nobody_adds_changes_or_deletes_one(unused, admin_user, browser_of):
    client, before = browser_of(admin_user), list(Message.objects.values())
    assert client.post(reverse("admin:workflows_app_message_add"), {}).status_code == 403
    assert client.post(page_of(unused), {"state": "matched"}).status_code == 403
    assert client.post(page_of(unused, "delete"), {"post": "yes"}).status_code == 403
    assert list(Message.objects.values()) == before
