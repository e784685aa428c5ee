"""Retention, erasure and the look at the live rows know the messages from outside."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from tests.testapp.models import Payment
from workflows_app import SYSTEM
from workflows_app.describe.timeline import timeline
from workflows_app.engine import receive
from workflows_app.engine.sweep import sweep
from workflows_app.models import Message
from workflows_app.ops import erase, prune
from workflows_app.ops.live import live_findings

pytestmark = pytest.mark.django_db(transaction=True)

ADA = "4711 of Ada"


@pytest.fixture
def payment():
    """Made, paid and disputed by messages."""
    card = {"card": ADA}
    receive("bank", "m1", "payment.issued", {"data": card | {"amount": 5}})
    receive("bank", "m2", "card.charged", {"data": card})
    receive("bank", "m3", "card.disputed", {"data": card | {"reason": ADA}})
    return Payment.objects.get()


def test_the_timeline_says_which_message_led_to_what(payment):
    told = [entry["text"] for entry in timeline(payment).entries]
    assert told[0].startswith(
        'Issue, by the system because of the message "payment.issued" from bank'
    )
    assert 'because of the message "card.disputed" from bank' in told[2]


def test_erasing_an_object_blanks_its_messages(payment):
    other = receive("bank", "m4", "payment.issued", {"data": {"card": "other", "amount": 5}})
    erase(Payment, payment.pk, by=SYSTEM, reason="Ada asked", columns=["card", "trouble"])
    mine = Message.objects.of("testapp.payment", str(payment.pk))
    assert mine.count() == 3
    assert ADA not in str(list(mine.values()))
    other.refresh_from_db()
    assert other.payload == {"data": {"card": "other", "amount": 5}}


def test_pruning_an_object_removes_the_messages_of_what_it_removes(payment):
    payment.delete()
    list(prune(Payment, before=timezone.now() + timedelta(seconds=1), by=SYSTEM, reason="old"))
    assert not Message.objects.exists()


def test_a_dry_run_removes_none(payment):
    payment.delete()
    before = timezone.now() + timedelta(seconds=1)
    list(prune(Payment, before=before, by=SYSTEM, reason="old", dry_run=True))
    assert Message.objects.count() == 3


def command(*arguments):
    out = StringIO()
    call_command("workflow_prune", "--older-than", "1d", *arguments, stdout=out)
    return out.getvalue()


def test_pruning_removes_what_nobody_has_used_in_its_time(payment, clock):
    receive("bank", "m4", "weather.changed", {"data": {}})
    clock.move(days=7)
    sweep("default")
    assert "0 messages that nobody has used removed" in command()
    clock.move(days=1, seconds=1)
    assert "1 messages that nobody has used would be removed" in command("--dry-run")
    assert "messages" not in command("--workflow", "testapp.payment", "--dry-run")
    assert "1 messages that nobody has used removed" in command()
    assert sorted(Message.objects.values_list("message_id", flat=True)) == ["m1", "m2", "m3"]


def unused():
    return [one for one in live_findings() if one.id == "workflows_app.W067"]


def test_a_look_at_the_live_rows_counts_what_nobody_has_used(payment):
    assert unused() == []
    late = [receive("bank", f"x{n}", "card.disputed", {"data": {"card": "x"}}) for n in range(2)]
    receive("mailer", "m9", "weather.changed", {"data": {}})
    first, second = unused()
    assert first.msg == "2 messages 'card.disputed' from bank, used by nobody."
    assert sorted(first.examples) == sorted(str(one.pk) for one in late)
    assert second.msg == "1 message 'weather.changed' from mailer, used by nobody."
