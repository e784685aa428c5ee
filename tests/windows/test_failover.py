"""W20: a failover forgets commits that were acknowledged. It stays open: what is seen then."""

import pytest

from tests.testapp.bills import BankBusy
from tests.testapp.models import Bill, Parcel
from workflows_app.engine import execute
from workflows_app.models import EffectRun, Operation
from workflows_app.testing import drain_until_quiet, killed

from .failover import remembered

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.only_on("sqlite", "postgresql"),  # MariaDB copies no database
]

PAID = {"reference": "T-1"}


def the_run():
    return EffectRun.objects.get()


@pytest.fixture
def bank(answers, book):
    """It takes what it gets, whatever its key, and says what it has when it is asked."""

    def find(bill, run):
        if book.calls_of(run):
            return PAID
        raise BankBusy

    answers["pay_once"], answers["find"] = book.taking(PAID), find
    return book


def test_w20_a_forgotten_outcome_is_repeated_under_the_same_key(
    shipping, carrier, run_of, clock, tmp_path
):
    with remembered(tmp_path) as fail_over:
        drain_until_quiet(clock)
        fail_over()
        assert run_of("hand_over").state == "queued"
        drain_until_quiet(clock)
    run = run_of("hand_over")
    assert (run.state, carrier.calls_of(run)) == ("done", 2)  # the remote took it under one key
    assert Parcel.objects.get().status == "arrived"


def test_w20_a_forgotten_outcome_whose_send_mark_is_remembered_is_found_by_the_probe(
    paying, bank, clock, tmp_path
):
    def until_it_is_sent():
        drain_until_quiet(clock)

    assert killed(until_it_is_sent, at="send.marked")
    with remembered(tmp_path) as fail_over:
        bank.note(the_run_as_its_worker_knew_it())
        fail_over()
        drain_until_quiet(clock)
    assert (the_run().state, bank.calls_of(the_run())) == ("done", 1)
    assert Bill.objects.get().status == "paid"


def the_run_as_its_worker_knew_it():
    run = the_run()
    run.attempt = run.attempts
    return run


def test_w20_a_forgotten_send_mark_lets_what_counts_once_be_sent_twice(
    paying, bank, clock, tmp_path, aftermath
):
    with remembered(tmp_path) as fail_over:
        drain_until_quiet(clock)
        fail_over()
        drain_until_quiet(clock)
    assert (the_run().state, bank.calls_of(the_run())) == ("done", 2)
    aftermath.broken = {"I3"}  # which is how it is found: the book of the outside says it


def test_w20_a_forgotten_command_is_accepted_anew_and_the_outside_knows_a_key_that_nobody_has(
    bill, treasurer, bank, clock, tmp_path, aftermath
):
    with remembered(tmp_path) as fail_over:
        first = execute(bill.pay, by=treasurer, key="one")
        drain_until_quiet(clock)
        fail_over()
        again = execute(Bill.objects.get().pay, by=treasurer, key="one")
        assert (again.replayed, again.pk != first.pk) == (False, True)
        drain_until_quiet(clock)
    assert Operation.objects.filter(transition="pay").count() == 1
    assert len({one.key for one in bank.heard}) == 2
    aftermath.broken = {"I2"}
