"""Deadlines in the admin: on the page of the object, and as rows that nobody edits."""

import pytest
from django.urls import reverse

from tests.testapp.models import Case
from workflows_app import SYSTEM
from workflows_app.models import Timer
from workflows_app.ops import place
from workflows_app.testing import drain

pytestmark = pytest.mark.django_db


@pytest.fixture
def refused(clock):
    case = Case.objects.create(title="a")
    drain()
    return case


def test_the_page_of_a_timer_says_why_it_has_not_fired(refused, admin_client):
    (timer,) = Timer.objects.all()
    listed = admin_client.get(reverse("admin:workflows_app_timer_changelist"))
    assert "Say that it is ready first." in listed.content.decode()
    page = admin_client.get(reverse("admin:workflows_app_timer_change", args=[timer.pk]))
    assert "Begin" in page.content.decode()
    assert "Say that it is ready first." in page.content.decode()


def test_nobody_edits_a_timer(refused, admin_client):
    (timer,) = Timer.objects.all()
    address = reverse("admin:workflows_app_timer_change", args=[timer.pk])
    assert admin_client.post(address, {"due": ""}).status_code == 403
    assert Timer.objects.get().due == timer.due


def test_the_page_of_an_object_says_until_when_its_state_lasts(clock, admin_client):
    case = Case(title="a")
    place(case, "review", by=SYSTEM, reason="import")
    page = admin_client.get(reverse("admin:testapp_case_change", args=[case.pk])).content.decode()
    for label in ("Escalate", "Give up", "Remind"):
        assert f"<dt>{label}</dt>" in page
