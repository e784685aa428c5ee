"""What people read of an effect that is in doubt, or waits for the outside."""

import pytest

from tests.engine.conftest import person
from tests.testapp.bills import BankBusy, NoAnswer
from tests.testapp.models import Bill
from workflows_app import accepted
from workflows_app.describe.receipt import receipt
from workflows_app.describe.status import status
from workflows_app.describe.times import spoken
from workflows_app.engine import execute
from workflows_app.models import EffectRun
from workflows_app.testing import drain, drain_until_quiet, scripted

pytestmark = pytest.mark.django_db


@pytest.fixture
def treasurer(db):
    return person("treasurer", "pay_bill")


@pytest.fixture
def bill(db):
    return Bill.objects.create(title="rent", iban="DE02")


def told(bill, **answers):
    """Phase, headline and the run's entry, when effects and probes have answered so."""
    with scripted({}, **answers):
        drain()
    bill.refresh_from_db()
    document = status(bill)
    return document["phase"], document["headline"], document["work"][0]


def test_in_doubt_it_says_when_the_outside_is_asked(bill, treasurer, clock):
    operation = execute(bill.pay, by=treasurer)
    phase, headline, entry = told(bill, pay_once=NoAnswer)
    at = EffectRun.objects.get().due
    assert phase == "in_doubt"
    assert headline == (
        "The bank did not answer in time; it may have the payment. What became of it is asked"
        f" {spoken(at, seen_from=clock.now)}."
    )
    assert entry["next_question_at"] == at.isoformat().replace("+00:00", "Z")
    assert entry["next_attempt_at"] is None
    assert receipt(operation)["state"] == "in_doubt"


def test_when_nobody_can_be_asked_any_more_it_says_who_has_to_find_out(bill, treasurer, clock):
    execute(bill.pay, by=treasurer)
    with scripted(pay_once=NoAnswer, find=None):
        drain_until_quiet(clock)
    phase, headline, entry = told(bill)
    assert phase == "in_doubt"
    assert headline.endswith("A treasurer has to find out what happened.")
    assert (entry["next_question_at"], entry["owner"]) == (None, "a treasurer")


def test_what_never_arrived_says_so(bill, treasurer, clock):
    execute(bill.pay, by=treasurer)
    with scripted(pay_once=NoAnswer, find=BankBusy):
        drain_until_quiet(clock)
    _, headline, entry = told(bill)
    assert headline == (
        "The other side says that it never arrived. A treasurer has to find out what happened."
    )
    assert entry["failure"]["code"] == "never_arrived"


def test_waiting_it_says_for_whom_and_until_when(bill, treasurer, clock):
    operation = execute(bill.give_away, by=treasurer)
    phase, headline, entry = told(bill, transfer=accepted("T-1"))
    until = EffectRun.objects.get().deadline
    assert phase == "waiting"
    assert headline == (
        "Transfer was accepted and waits for bank to confirm it,"
        f" {spoken(until, seen_from=clock.now)} at the latest."
    )
    assert entry["confirmed_until"] == until.isoformat().replace("+00:00", "Z")
    assert entry["reference"] == "T-1"
    assert receipt(operation)["state"] == "waiting"


def test_what_follows_the_acceptance_and_cannot_is_told(bill, treasurer, clock):
    Bill.objects.update(blocked=True)
    execute(bill.give_away, by=treasurer)
    phase, headline, _ = told(bill, transfer=accepted("T-1"))
    assert phase == "retrying"
    assert headline.startswith('Transfer was accepted, but "send" could not follow. Trying again ')


def test_a_contradiction_says_who_has_to_look(bill, treasurer):
    execute(bill.pay, by=treasurer)
    with scripted(pay_once={"reference": "T"}):
        drain()
    EffectRun.objects.update(contradiction={"by": "confirmed"})
    bill.refresh_from_db()
    document = status(bill)
    assert document["phase"] == "blocked"
    assert document["headline"] == (
        "Pay once stands as done, but something speaks against it. A treasurer has to look."
    )
