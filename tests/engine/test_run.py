"""What a handler and a probe see as ``run``."""

from datetime import timedelta

import pytest

from tests.testapp.bills import pay_once
from tests.testapp.models import Bill
from workflows_app import accepted
from workflows_app.engine import Run, execute
from workflows_app.engine.ask import take
from workflows_app.engine.claim import claim
from workflows_app.engine.sweep import sweep
from workflows_app.models import EffectRun, Operation
from workflows_app.testing import drain

from .conftest import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def claimed(db):
    """The payment of a bill, with a worker."""
    bill = Bill.objects.create(title="rent", iban="DE02")
    execute(bill.pay, by=person("treasurer", "pay_bill"))
    (row,) = claim("default", 1)
    return row


def seen(row):
    return Run("default", row, pay_once)


def test_it_says_what_was_frozen_and_how_much_time_is_left(claimed):
    run = seen(claimed)
    assert (run.key, run.attempt) == (f"{claimed.pk}:1", 1)
    assert (run.data["iban"], run.reference, run.undoes) == ("DE02", None, None)
    assert timedelta(seconds=15) < run.remaining <= timedelta(seconds=20)


def test_it_is_wanted_until_it_is_superseded(claimed):
    run = seen(claimed)
    assert run.still_wanted()
    EffectRun.objects.update(superseded_by=Operation.objects.latest("version"))
    assert not run.still_wanted()


def test_and_until_its_lease_was_lost(claimed, clock):
    run = seen(claimed)
    clock.move(minutes=2)
    assert run.still_wanted()
    sweep("default")
    assert not run.still_wanted()
    assert not run.heartbeat()


def test_a_probe_sees_the_reference_and_keeps_its_question(claimed, answers, clock):
    EffectRun.objects.update(state="in_doubt", due=clock.now, reference="T-1")
    (row,) = take("default", 1)
    run = seen(row)
    assert run.reference == "T-1"
    clock.move(seconds=50)
    assert run.heartbeat()
    clock.move(seconds=50)
    assert take("default", 1) == []
    clock.move(seconds=11)
    assert len(take("default", 1)) == 1
    assert not run.heartbeat()
    assert not run.still_wanted()


def test_an_undo_sees_what_it_takes_back(claimed):
    EffectRun.objects.update(result={"fee": 2}, reference="T-1", state="done")
    undo = EffectRun(undoes_id=claimed.pk, state="running")
    undone = seen(undo).undoes
    assert (undone.key, undone.data["iban"]) == (claimed.key, "DE02")
    assert (undone.result, undone.reference) == ({"fee": 2}, "T-1")


def test_what_was_accepted_twice_keeps_its_first_reference(claimed, answers, clock):
    EffectRun.objects.update(state="queued", due=clock.now)
    answers["pay_once"] = accepted("T-1")
    drain()
    EffectRun.objects.update(state="in_doubt", failure=None, due=clock.now)
    answers["find"] = accepted()
    drain()
    run = EffectRun.objects.get()
    assert (run.state, run.reference) == ("waiting", "T-1")


def test_a_refused_command_in_a_committed_handler_leaves_open_what_was_sent(claimed, answers):
    Bill.objects.update(blocked=True)
    EffectRun.objects.update(state="queued")
    answers["pay_once"] = lambda bill, run: run.execute(bill.send)
    drain()
    run = EffectRun.objects.get()
    assert (run.state, run.failure["code"], run.failure["kind"]) == (
        "in_doubt",
        "guard_failed",
        "unknown",
    )
