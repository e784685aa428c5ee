"""``add`` in the admin is the contract's own command; deleting is, where the class allows it."""

import re
import uuid

import pytest
from django.urls import reverse

from tests.testapp.models import Domain, Lead
from workflows_app.engine import execute
from workflows_app.models import EffectRun, Operation, RunState

from .conftest import person, text_of
from .test_strict_pages import INLINE

pytestmark = pytest.mark.django_db

ADD_LEAD = reverse("admin:testapp_lead_add")
ADD_DOMAIN = reverse("admin:testapp_domain_add")
ADA = {"email": "ada@engines.example", "company": "Engines"}


@pytest.fixture
def seller(db):
    return person("seller", "view_lead", "delete_lead")


@pytest.fixture
def registrar(db):
    return person("registrar", "view_domain", "add_domain")


def sent(**data):
    named = {f"data-{name}": value for name, value in data.items()}
    return {"key": str(uuid.uuid4()), "reason": "", **named}


def test_add_asks_for_the_data_of_the_only_command(seller, browser_of):
    page = browser_of(seller).get(ADD_LEAD)
    assert page.status_code == 200
    text = text_of(page)
    for words in ("Sign up", "Ask for a trial.", "Email", "Company", "Reason"):
        assert words in text
    assert "Status" not in text
    assert INLINE.findall(page.content.decode()) == []


def test_a_sent_form_is_the_command_by_this_user(seller, browser_of):
    response = browser_of(seller).post(ADD_LEAD, sent(**ADA) | {"reason": "Fair."}, follow=True)
    lead = Lead.objects.get()
    assert response.request["PATH_INFO"] == reverse("admin:testapp_lead_change", args=[lead.pk])
    assert "Sign up: done. Now: On trial." in text_of(response)
    operation = Operation.objects.get()
    assert (operation.transition, operation.actor) == ("sign_up", f"user:{seller.pk}")
    assert (operation.data, operation.reason) == (ADA, "Fair.")


def test_a_form_sent_twice_is_one_command(seller, browser_of):
    client, form = browser_of(seller), sent(**ADA)
    assert client.post(ADD_LEAD, form)["Location"] == client.post(ADD_LEAD, form)["Location"]
    assert Lead.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        ({"email": "nonsense"}, "Enter a valid email address."),
        ({"email": "ada@free.example"}, "Use the address of your company."),
        ({"email": "known@engines.example"}, "already exists"),
    ],
)
def test_a_refusal_is_explained_on_the_form(seller, browser_of, data, fault):
    execute(Lead.sign_up, by=seller, data={"email": "known@engines.example"})
    page = browser_of(seller).post(ADD_LEAD, sent(**data))
    assert page.status_code == 200
    assert fault in text_of(page)
    assert data["email"] in page.content.decode()
    assert Lead.objects.count() == 1


def test_a_form_that_lost_its_key_is_asked_again(seller, browser_of):
    page = browser_of(seller).post(ADD_LEAD, {"data-email": "ada@engines.example"})
    assert "This page came back incomplete" in text_of(page)
    assert re.search(r'name="key" value="[0-9a-f-]{36}"', page.content.decode())


def test_a_key_that_stands_for_other_values_is_told_of(seller, browser_of):
    client, form = browser_of(seller), sent(**ADA)
    client.post(ADD_LEAD, form)
    page = client.post(ADD_LEAD, form | {"data-email": "other@engines.example"})
    assert "This page was sent before, with other values" in text_of(page)
    assert form["key"] not in page.content.decode()


def test_with_several_commands_add_offers_those_the_user_may_give(registrar, seller, browser_of):
    client = browser_of(registrar)
    page = client.get(ADD_DOMAIN)
    assert "Open one at once." in text_of(page)
    assert "Ask for a name." not in text_of(page)
    open_url = reverse("admin:testapp_domain_creation", args=["open"])
    assert f'href="{open_url}"' in page.content.decode()
    assert client.post(open_url, sent(name="engines")).status_code == 302
    assert Domain.objects.get().status == "live"


def test_what_a_user_may_not_create_or_what_does_not_exist_is_not_there(registrar, browser_of):
    client = browser_of(registrar)
    ask_url = reverse("admin:testapp_domain_creation", args=["ask"])
    assert client.get(ask_url).status_code == 403
    assert client.post(ask_url, sent(name="a")).status_code == 403
    for name in ("close", "nonsense"):
        url = reverse("admin:testapp_domain_creation", args=[name])
        assert client.get(url).status_code == 404
    domain = Domain.objects.get(pk=execute_open(registrar).object_id)
    command = reverse("admin:testapp_domain_command", args=[domain.pk, "open"])
    assert client.get(command).status_code == 404


def execute_open(registrar):
    return execute(Domain.open, by=registrar, data={"name": "engines"})


def test_a_deletable_object_is_deleted_by_this_user(seller, browser_of):
    lead = Lead.objects.create(email="ada@engines.example")
    url = reverse("admin:testapp_lead_delete", args=[lead.pk])
    assert browser_of(seller).post(url, {"post": "yes"}).status_code == 302
    assert not Lead.objects.exists()
    deletion = Operation.objects.get(kind="delete")
    assert deletion.actor == f"user:{seller.pk}"


def test_several_are_deleted_each_by_an_operation(seller, browser_of):
    leads = [Lead.objects.create(email=f"{n}@engines.example") for n in range(3)]
    chosen = {
        "action": "delete_selected",
        "_selected_action": [lead.pk for lead in leads],
        "post": "yes",
    }
    browser_of(seller).post(reverse("admin:testapp_lead_changelist"), chosen)
    assert not Lead.objects.exists()
    deletions = Operation.objects.filter(kind="delete", actor=f"user:{seller.pk}")
    assert deletions.count() == 3


def test_what_is_still_to_be_done_keeps_an_object_and_is_named(seller, browser_of):
    pk = execute(Lead.sign_up, by=seller, data=ADA).object_id
    client, url = browser_of(seller), reverse("admin:testapp_lead_delete", args=[pk])
    page = client.get(url)
    assert "greet of testapp.lead" in text_of(page)
    client.post(url, {"post": "yes"})
    assert Lead.objects.exists()
    EffectRun.objects.update(state=RunState.DONE)
    assert client.post(url, {"post": "yes"}).status_code == 302
    assert not Lead.objects.exists()


def test_deletable_or_not_it_takes_the_permission(registrar, browser_of):
    lead = Lead.objects.create(email="ada@engines.example")
    url = reverse("admin:testapp_lead_delete", args=[lead.pk])
    assert browser_of(registrar).post(url, {"post": "yes"}).status_code == 403
    assert Lead.objects.exists()
