"""A connection that breaks right after a commit takes nothing back: what was done is answered."""

import logging

import pytest
from django.db import connection, transaction

from tests.engine.conftest import person
from tests.testapp.models import Holiday, Payment
from workflows_app import accepted
from workflows_app.engine import execute, receive
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import jobs_for
from workflows_app.engine.perform import perform
from workflows_app.models import EffectRun, Message, Operation
from workflows_app.testing import cut, statement

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.only_on("postgresql", "mysql"),  # SQLite has no connection to lose
]


def test_a_command_whose_run_finds_no_place_at_once_is_answered(people):
    agent = person("agent", "view_holiday")
    holiday = Holiday.objects.create(title="call")
    with cut(at=statement("limit_key", "holds_slot", "ORDER BY", before=True)):
        operation = execute(holiday.call, by=agent)
    assert operation == Operation.objects.get(transition="call")
    assert EffectRun.objects.get().state == "held"  # until the sweep looks


def test_an_outcome_whose_message_cannot_be_looked_for_at_once_is_stored(people, answers, caplog):
    execute(Payment.objects.create(card="4711").pay, by=people["clerk"])
    answers["collect"] = accepted("T1")
    [job] = jobs_for("default", claim("default", 1))
    with (
        caplog.at_level(logging.ERROR, "workflows_app"),
        cut(at=statement("SELECT", "workflows_app_message", before=True)),
    ):
        perform("default", job.run, job.effect, job.obj)
    assert EffectRun.objects.get().state == "waiting"


def test_a_message_in_a_transaction_that_cannot_be_used_at_once_is_kept(db):
    payload = {"data": {"transfer": "T1", "state": "settled"}}
    used = statement("SELECT", "workflows_app_effectrun", before=True)
    with cut(at=used), transaction.atomic():
        receive("bank", "m1", "transfer.settled", payload)
    connection.close()
    assert Message.objects.get().state == "stored"  # until the sweep looks
