"""``workflows_drain`` performs what is due, and stays for what is due later when asked to."""

from io import StringIO

import pytest
from django.core.management import call_command

from tests.testapp.workflow import CarrierBusy
from workflows_app.models import EffectRun
from workflows_app.models.clock import DatabaseNow

pytestmark = pytest.mark.django_db(transaction=True)


def drain(**options):
    out = StringIO()
    call_command("workflows_drain", stdout=out, **options)
    return out.getvalue()


def test_it_performs_what_is_due_and_says_what_is_left(shipping):
    assert drain() == "3 attempts made, 0 runs still open.\n"


def test_it_leaves_what_is_due_later(shipping, answers):
    answers["hand_over"] = CarrierBusy
    assert drain() == "2 attempts made, 1 runs still open.\n"


def test_with_wait_it_stays_for_a_retry(shipping, answers):
    answers["hand_over"] = [CarrierBusy, {"tracking": "T"}]
    drain()
    EffectRun.objects.filter(state="queued").update(due=DatabaseNow())
    assert drain(wait=5).endswith("0 runs still open.\n")
