"""W5 to W9, W11 to W13: an attempt of what counts once is cut off, and its remote does not help."""

import time
from datetime import timedelta

import pytest

from tests.stories.races import at_once
from tests.testapp.bills import BankBusy
from tests.testapp.models import Bill
from workflows_app.describe.status import status
from workflows_app.engine import execute
from workflows_app.engine.claim import claim
from workflows_app.engine.perform import perform
from workflows_app.engine.sweep import effect_of, sweep
from workflows_app.models import EffectRun, Event
from workflows_app.ops import resolve
from workflows_app.testing import Pause, cut, drain, drain_until_quiet, killed

pytestmark = pytest.mark.django_db(transaction=True)

PAID = {"reference": "T-1"}


def the_run():
    return EffectRun.objects.select_related("operation").get()


@pytest.fixture
def bank(answers, book):
    """A bank that takes what it gets, whatever its key, and says what it has when it is asked."""

    def find(bill, run):
        if book.calls_of(run):
            return PAID
        raise BankBusy

    for effect in ("pay_once", "pay_surely"):
        answers[effect] = book.taking(PAID)
    answers["find"] = find
    return book


@pytest.fixture
def paying_surely(bill, treasurer):
    """Its payment is asked for, and may be sent again when the bank says that it never arrived."""
    execute(bill.pay_for_sure, by=treasurer)
    return bill


def is_paid(run, *, attempts, calls, book):
    assert (run.state, run.attempts, run.result) == ("done", attempts, PAID)
    assert book.calls_of(run) == calls
    assert Bill.objects.get().status == "paid"


@pytest.mark.parametrize("point", ["claim.committed", "send.unmarked"])
def test_w05_killed_between_the_claim_and_the_send_mark(paying, bank, clock, point):
    assert killed(drain, at=point)
    clock.move(minutes=2)
    sweep("default")
    assert (the_run().state, the_run().may_have_happened) == ("queued", False)
    drain_until_quiet(clock)
    is_paid(the_run(), attempts=2, calls=1, book=bank)


def in_doubt(clock):
    """Let the lease end, and have another worker notice."""
    clock.move(minutes=2)
    sweep("default")
    assert the_run().state == "in_doubt"


def test_w06_killed_between_the_send_mark_and_the_send(paying, bank, clock, operator):
    assert killed(drain, at="send.marked")
    in_doubt(clock)
    drain_until_quiet(clock)
    assert (the_run().failure["code"], bank.heard) == ("never_arrived", [])
    resolve(the_run(), happened=False, by=operator, reason="the bank has nothing")
    assert (the_run().state, Bill.objects.get().status) == ("failed", "halted")


def test_w06_killed_between_the_send_mark_and_the_send_and_sent_again_where_that_is_said(
    paying_surely, bank, clock
):
    assert killed(drain, at="send.marked")
    in_doubt(clock)
    drain_until_quiet(clock)
    is_paid(the_run(), attempts=2, calls=1, book=bank)


@pytest.mark.only_on("postgresql", "mysql")
def test_w06_the_commit_of_the_mark_is_not_heard_of_and_it_is_sent_once(paying, bank, clock):
    with cut(at="send.marked"):
        drain_until_quiet(clock)
    is_paid(the_run(), attempts=1, calls=1, book=bank)


@pytest.mark.parametrize("effect", ["paying", "paying_surely"])
def test_w07_killed_between_the_send_and_the_answer_and_found_by_the_probe(
    request, effect, bank, clock
):
    request.getfixturevalue(effect)
    assert killed(drain, at="handler.ended")
    in_doubt(clock)
    drain_until_quiet(clock)
    is_paid(the_run(), attempts=1, calls=1, book=bank)


def test_w07_killed_between_the_send_and_the_answer_where_nobody_can_be_asked(
    bill, treasurer, answers, book, clock, operator
):
    answers["pay_blindly"] = book.taking(PAID)
    execute(bill.pay_in_the_dark, by=treasurer)
    assert killed(drain, at="handler.ended")
    in_doubt(clock)
    drain_until_quiet(clock)
    assert the_run().state == "in_doubt"  # however long: a person says what happened
    resolve(the_run(), happened=True, by=operator, reason="the bank has it", result=PAID)
    is_paid(the_run(), attempts=1, calls=1, book=book)


@pytest.mark.parametrize("point", ["run.locked", "settle.written"])
def test_w08_killed_between_the_answer_and_its_commit_and_found_by_the_probe(
    paying_surely, bank, clock, point
):
    assert killed(drain, at=point)
    in_doubt(clock)
    drain_until_quiet(clock)
    is_paid(the_run(), attempts=1, calls=1, book=bank)


@pytest.mark.parametrize(
    "point", ["question.taken", "probe.begun", "probe.ended", "answer.written", "answer.committed"]
)
def test_w08_killed_between_the_probe_and_the_commit_of_its_answer_and_asked_again(
    paying_surely, bank, clock, point
):
    assert killed(drain, at="handler.ended")
    in_doubt(clock)
    assert killed(lambda: drain_until_quiet(clock), at=point)
    drain_until_quiet(clock)
    is_paid(the_run(), attempts=1, calls=1, book=bank)


@pytest.mark.only_on("postgresql", "mysql")
@pytest.mark.parametrize("point", ["run.locked", "settle.written"])
def test_w08_the_connection_is_cut_between_the_answer_and_its_commit_and_nobody_doubts(
    paying, bank, clock, point
):
    with cut(at=point):
        drain_until_quiet(clock)
    is_paid(the_run(), attempts=1, calls=1, book=bank)


@pytest.mark.only_on("postgresql", "mysql")
def test_w09_the_outcome_of_what_counts_once_is_committed_and_the_worker_hears_of_a_failure(
    paying, bank, clock
):
    with cut(at="settle.committed"):
        drain_until_quiet(clock)
    is_paid(the_run(), attempts=1, calls=1, book=bank)
    assert not Event.objects.filter(kind="late_answer").exists()


def paused(point, meanwhile, work=drain):
    """A worker stands still at the point while something else happens; then it goes on."""
    pause = Pause(point)

    def stand_still():
        with pause.here():
            work()

    def act():
        pause.wait_until_reached()
        try:
            meanwhile()
        finally:
            pause.let_go()

    assert at_once(stand_still, act) == [None, None]


@pytest.mark.parametrize("point", ["claim.committed", "send.unmarked"])
def test_w11_paused_past_the_lease_before_the_send_mark_and_never_sent_by_that_worker(
    paying, bank, clock, point
):
    def another_worker():
        clock.move(minutes=2)
        sweep("default")
        drain()

    paused(point, another_worker)
    is_paid(the_run(), attempts=2, calls=1, book=bank)
    assert [one.attempt for one in bank.heard] == [2]


def test_w11_paused_past_the_lease_and_nobody_has_noticed_yet(paying, bank, clock):
    one_attempt = claimed(paying)
    paused("send.unmarked", lambda: clock.move(minutes=2), one_attempt)
    assert (bank.heard, the_run().sent_at) == ([], None)
    drain_until_quiet(clock)
    is_paid(the_run(), attempts=2, calls=1, book=bank)


def claimed(bill):
    """A worker's next attempt, and nothing else that he would do."""
    (run,) = claim("default", 1)
    run.operation  # noqa: B018  loaded by this thread's connection
    return lambda: perform("default", run, effect_of(run), bill)


def test_w12_paused_between_the_send_mark_and_the_send(paying, bank, clock, settings):
    settings.WORKFLOWS = {"LEASE": timedelta(seconds=0.6)}
    one_attempt = claimed(paying)
    # A third of the lease, by the worker's own clock, which cannot be moved.
    paused("send.marked", lambda: time.sleep(0.3), one_attempt)
    run = the_run()
    assert (run.state, run.attempts, run.sent_at) == ("queued", 0, None)
    assert bank.heard == []
    drain_until_quiet(clock)
    is_paid(the_run(), attempts=1, calls=1, book=bank)


def test_w13_frozen_between_the_last_look_and_the_send_for_longer_than_settle(
    paying_surely, bank, clock, aftermath
):
    """This window is open: it is sent twice, which is seen and is an incident."""

    def everybody_else():
        in_doubt(clock)
        drain_until_quiet(clock)  # the probe finds nothing, and it is sent again
        is_paid(the_run(), attempts=2, calls=1, book=bank)

    paused("handler.begun", everybody_else, claimed(paying_surely))
    run = the_run()
    assert bank.calls_of(run) == 2
    assert (run.state, run.contradiction["by"]) == ("done", "late_answer")
    assert status(Bill.objects.get())["phase"] == "blocked"
    aftermath.broken = {"I3"}


def test_w13_frozen_there_and_nothing_is_sent_again_before_a_person_says_so(paying, bank, clock):
    def everybody_else():
        in_doubt(clock)
        drain_until_quiet(clock)
        assert the_run().failure["code"] == "never_arrived"

    paused("handler.begun", everybody_else, claimed(paying))
    is_paid(the_run(), attempts=1, calls=1, book=bank)  # the late answer settles the doubt
