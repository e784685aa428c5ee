"""POST to the list is the contract's command that creates; several have an address each."""

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from rest_framework.decorators import action
from rest_framework.test import APIClient

from tests.api.conftest import new_key
from tests.engine.conftest import person
from tests.testapp.beginnings import LeadWorkflow
from tests.testapp.models import Domain, Lead
from tests.testapp.views import DomainViewSet
from workflows_app.models import EffectRun, Operation

pytestmark = pytest.mark.django_db

LEADS, DOMAINS = "/api/v1/leads/", "/api/v1/domains/"
ADA = {"email": "ada@engines.example", "company": "Engines"}


@pytest.fixture
def ada(db):
    return get_user_model().objects.create_user("ada")


@pytest.fixture
def by_ada(as_user, ada):
    return as_user(ada)


@pytest.fixture
def by_registrar(as_user, db):
    return as_user(person("registrar", "add_domain"))


def post(client, address, body, key=None, **headers):
    return client.post(address, body, headers={"Idempotency-Key": key or new_key(), **headers})


def kind(response):
    return response.json()["type"].rpartition(":")[2]


@pytest.mark.parametrize("address", [LEADS, LEADS.rstrip("/")])
def test_post_to_the_list_is_the_command(by_ada, ada, address):
    response = post(by_ada, address, ADA)
    lead = Lead.objects.get()
    assert (response.status_code, lead.owner, lead.status) == (201, ada, "trial")
    document = response.json()
    assert document["operation"]["transition"] == "sign_up"
    assert (document["operation"]["source"], document["operation"]["target"]) == (None, "trial")
    assert [effect["effect"] for effect in document["operation"]["effects"]] == ["greet", "look_up"]
    assert document["object"]["workflow"]["state"] == "trial"
    assert response["Location"] == f"http://testserver/api/v1/leads/{lead.pk}/"
    assert response["ETag"].startswith('"0.')


def test_the_actions_of_an_object_leave_out_how_it_began(by_ada):
    document = post(by_ada, LEADS, ADA).json()
    assert [one["name"] for one in document["object"]["workflow"]["actions"]] == ["lose"]
    pk = Lead.objects.get().pk
    assert post(by_ada, f"{LEADS}{pk}/sign_up/", ADA).status_code == 404


def test_the_same_request_again_is_answered_with_the_same_operation(by_ada):
    first, again = post(by_ada, LEADS, ADA, "k"), post(by_ada, LEADS, ADA, "k")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again["Idempotent-Replayed"] == "true"
    assert again["Location"] == first["Location"]
    assert again.json()["operation"]["id"] == first.json()["operation"]["id"]
    assert (Lead.objects.count(), EffectRun.objects.count()) == (1, 2)


@pytest.mark.parametrize(
    ("body", "status", "problem"),
    [
        ({"email": "nonsense"}, 422, "validation-error"),
        ({**ADA, "status": "won"}, 422, "validation-error"),
        ({"email": "ada@free.example"}, 409, "guard-failed"),
        ([], 422, "validation-error"),
    ],
)
def test_a_refusal_says_why_and_writes_nothing(by_ada, body, status, problem):
    response = post(by_ada, LEADS, body)
    assert (response.status_code, kind(response)) == (status, problem)
    assert not Operation.objects.exists()


def test_what_the_model_forbids_is_no_server_error(by_ada):
    post(by_ada, LEADS, ADA)
    response = post(by_ada, LEADS, ADA)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "#/email"


def test_the_order_of_checks_is_that_of_every_command(by_ada, as_user, api_client_of_nobody):
    def ask(client, body, content_type="application/json", **headers):
        response = client.generic("POST", f"{DOMAINS}open/", body, content_type, headers=headers)
        return response.status_code, response.json().get("type", "").rpartition(":")[2]

    registrar = as_user(person("registrar", "add_domain"))
    assert ask(api_client_of_nobody, "nonsense", "text/plain")[0] == 401
    assert ask(by_ada, "nonsense", "text/plain") == (403, "transition-forbidden")
    assert ask(registrar, "nonsense", "text/plain")[0] == 415
    assert ask(registrar, "nonsense") == (400, "idempotency-key-missing")
    known = {"Idempotency-Key": "k"}
    assert ask(registrar, "nonsense", **known) == (400, "parse-error")
    assert ask(registrar, "{}", **known) == (422, "validation-error")
    assert ask(registrar, '{"name": "a"}', **known)[0] == 201
    assert ask(registrar, '{"name": "b"}', **known) == (422, "idempotency-key-reused")


@pytest.fixture
def api_client_of_nobody():
    return APIClient(raise_request_exception=False)


def test_each_of_several_commands_has_its_address(by_ada, by_registrar):
    asked = post(by_ada, f"{DOMAINS}ask/", {"name": "ada"})
    opened = post(by_registrar, f"{DOMAINS}open", {"name": "engines"})
    states = [each.json()["object"]["workflow"]["state"] for each in (asked, opened)]
    assert (asked.status_code, opened.status_code, states) == (201, 201, ["asked", "live"])
    assert Domain.objects.count() == 2


def test_with_several_commands_the_list_takes_none(by_registrar):
    response = post(by_registrar, DOMAINS, {"name": "engines"})
    assert response.status_code == 405
    assert "POST" not in response["Allow"]
    assert by_registrar.get(DOMAINS).status_code == 200


def test_an_action_of_ones_own_does_not_hide_a_command():
    def mine(**said):
        def shown(self, request, **kwargs):
            pass

        return action(methods=["get"], **said)(shown)

    with pytest.raises(ImproperlyConfigured, match=r"'open' is the address of shown\(\)"):
        type("Taken", (DomainViewSet,), {"shown": mine(detail=False, url_path="open")})
    for free in (mine(detail=True, url_path="open"), mine(detail=False, url_path="opened")):
        type("Free", (DomainViewSet,), {"shown": free})


def test_what_is_to_be_sent_is_told(by_registrar):
    told = by_registrar.options(f"{DOMAINS}open/").json()
    assert list(told["actions"]["POST"]) == ["name"]
    assert list(by_registrar.options(LEADS).json()["actions"]["POST"]) == ["email", "company"]


def test_whoever_may_not_see_what_was_created_gets_the_receipt_alone(by_ada, monkeypatch):
    monkeypatch.setattr(LeadWorkflow, "workflow_seen_by", LeadWorkflow.workflow_seen_by.right)
    response = post(by_ada, LEADS, ADA)
    assert (response.status_code, response.json()["object"]) == (201, None)


def test_the_timeline_begins_with_the_command(by_ada):
    post(by_ada, LEADS, ADA)
    entries = by_ada.get(f"{LEADS}{Lead.objects.get().pk}/timeline/").json()["results"]
    assert entries[0]["text"] == "Sign up, by ada: Ask for a trial. Now: On trial."
    assert entries[0]["kind"] == "create"
