"""The pages of the demo site, and what its API is made of."""

import re
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from demo_project.claims.models import Claim
from demo_project.security import POLICY
from demo_project.stage.people import PEOPLE, load_people
from workflows_app.engine import execute
from workflows_app.testing import drain

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def site(settings):
    settings.ROOT_URLCONF = "demo_project.urls"
    settings.OUTSIDE_URL = "http://outside.invalid"
    settings.MIDDLEWARE = ["demo_project.security.content_security_policy", *settings.MIDDLEWARE]
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [ROOT / "templates"]}]
    load_people()


def as_person(name):
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token demo-{name}")
    return client


def claim_of(name):
    claimant = get_user_model().objects.get(username=name)
    return Claim.objects.create(claimant=claimant, title="Storm", iban="DE0212030", documents=1)


def test_the_front_page_names_everybody_and_the_number_of_the_next_claim(client):
    claim = claim_of("claimant")
    page = client.get("/").content.decode()
    assert [p.name for p in PEOPLE if f"<code>{p.name}</code>" not in page] == []
    assert f"/api/v1/claims/{claim.pk + 1}/submit/" in page
    assert "http://outside.invalid/" in page


def test_nothing_inline_is_on_the_front_page_and_nothing_inline_would_run(client):
    answer = client.get("/")
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert not re.search(r"<script|<style|style=|onclick", answer.content.decode())


def test_whoever_creates_a_claim_is_its_claimant_and_cannot_choose_another():
    sent = {"title": "Storm", "iban": "DE02120300000000202051", "documents": 1}
    new = {"Idempotency-Key": "new"}
    refused = as_person("claimant").post(
        "/api/v1/claims/", {**sent, "claimant": 1}, format="json", headers=new
    )
    assert refused.status_code == 422
    as_person("claimant").post("/api/v1/claims/", sent, format="json", headers=new)
    assert Claim.objects.get().claimant.username == "claimant"


def test_an_account_number_that_is_none_is_refused():
    sent = {"title": "Storm", "iban": "my piggy bank", "documents": 1}
    answer = as_person("claimant").post(
        "/api/v1/claims/", sent, format="json", headers={"Idempotency-Key": "new"}
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "#/iban"


@pytest.mark.parametrize(
    ("name", "status"), [("claimant", 200), ("viewer", 200), ("claimant2", 404), ("outsider", 404)]
)
def test_a_claim_is_seen_by_its_claimant_and_by_staff(name, status):
    claim = claim_of("claimant")
    assert as_person(name).get(f"/api/v1/claims/{claim.pk}/").status_code == status


def test_nobody_reads_the_account_number():
    claim = claim_of("claimant")
    told = as_person("viewer").get(f"/api/v1/claims/{claim.pk}/").content.decode()
    assert claim.iban not in told


def test_both_worlds_are_shown_next_to_each_other(client, outside, settings):
    claim = claim_of("claimant")
    execute(claim.submit, by=claim.claimant)
    execute(
        claim.approve,
        by=get_user_model().objects.get(username="reviewer"),
        data={"payout": "250.00"},
    )
    drain()
    client.force_login(get_user_model().objects.get(username="viewer"))
    page = client.get("/both/").content.decode()
    assert "BANK-000001" in page
    assert "250.00" in page
    assert "Storm" in page


def test_both_worlds_show_nobody_more_than_he_may_see(client, outside):
    assert "/login/?next=/both/" in client.get("/both/").headers["Location"]
    claim_of("claimant")
    client.force_login(get_user_model().objects.get(username="outsider"))
    assert "No payment yet that you may see." in client.get("/both/").content.decode()


def test_our_records_are_shown_when_nobody_outside_answers(client):
    client.force_login(get_user_model().objects.get(username="viewer"))
    assert client.get("/both/").status_code == 200
