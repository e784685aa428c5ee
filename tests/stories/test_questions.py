"""A question about a run is asked by one worker at a time, and its answer counts once."""

import threading
from datetime import timedelta

import pytest

from tests.testapp.bills import NoAnswer
from tests.testapp.models import Bill
from workflows_app import accepted
from workflows_app.engine import execute
from workflows_app.engine.ask import ask, take
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import drain
from workflows_app.engine.perform import perform
from workflows_app.engine.queue.look import until_due
from workflows_app.engine.sweep import effect_of, sweep_when_due
from workflows_app.models import EffectRun
from workflows_app.ops import resolve
from workflows_app.testing import Pause, cut

from .bills import outcomes, rescue, the_run
from .races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT_SECONDS = 20


@pytest.fixture(autouse=True)
def only_we_sweep(transactional_db, settings):
    settings.WORKFLOWS = {"SWEEP_EVERY": timedelta(hours=1), "THREADS": 2}
    assert sweep_when_due("default")


@pytest.fixture
def doubtful(clock, paying, answers):
    """Its payment is in doubt, and it is time to ask the bank."""
    answers["pay_once"] = NoAnswer
    drain()
    clock.move(minutes=1)
    return paying


def put_question(bill):
    (run,) = take("default", 1)
    ask("default", run, effect_of(run), bill)


def standing_still(bill, at, meanwhile):
    """A worker asks, and stands still there while something else is done."""
    pause = Pause(at)

    def question():
        with pause.here():
            put_question(bill)

    def other():
        pause.wait_until_reached()
        try:
            meanwhile()
        finally:
            pause.let_go()

    assert at_once(question, other) == [None, None]


def test_two_workers_take_a_question_once(doubtful):
    taken = at_once(lambda: take("default", 5), lambda: take("default", 5))
    assert sorted(len(runs) for runs in taken) == [0, 1]
    assert the_run().probes == 1


def test_a_worker_that_stood_still_while_another_has_asked_says_nothing_new(
    doubtful, answers, clock
):
    answers["find"] = {"reference": "T"}

    def the_other():
        clock.move(seconds=61)
        put_question(doubtful)

    standing_still(doubtful, "probe.ended", the_other)
    doubtful.refresh_from_db()
    assert (the_run().state, doubtful.status, doubtful.version) == ("done", "paid", 2)
    assert the_run().contradiction is None
    assert outcomes(the_run()) == [("attempt", "in_doubt"), ("probed", "done"), ("probed", "done")]


def test_what_the_probe_says_after_a_person_has_decided_otherwise_is_an_incident(
    doubtful, answers, operator
):
    answers["find"] = {"reference": "T"}
    standing_still(
        doubtful,
        "probe.ended",
        lambda: resolve(the_run(), happened=False, by=operator, reason="asked them"),
    )
    assert (the_run().state, the_run().contradiction["by"]) == ("failed", "probed")


def test_a_late_answer_and_the_probe_settle_it_once(paying, answers, clock):
    answers["pay_once"] = {"reference": "T"}
    answers["find"] = accepted("T")
    (early,) = claim("default", 1)

    def worker():
        perform("default", early, effect_of(early), paying)

    def others():
        rescue(clock)
        clock.move(minutes=1)
        standing_still(paying, "probe.ended", pause.let_go)

    pause = Pause("handler.ended")

    def stopped():
        with pause.here():
            worker()

    def after():
        pause.wait_until_reached()
        others()

    assert at_once(stopped, after) == [None, None]
    run = the_run()
    assert run.state == "done"
    assert run.contradiction is None
    paying.refresh_from_db()
    assert (paying.status, paying.version) == ("paid", 2)


def test_a_worker_wakes_for_a_question(clock, paying, answers):
    answers["pay_once"] = NoAnswer
    drain()
    assert timedelta(seconds=30) < until_due("default") <= timedelta(seconds=40)
    clock.move(seconds=41)
    assert until_due("default") <= timedelta(0)
    answers["find"] = {"reference": "T"}
    drain()
    assert (the_run().state, until_due("default")) == ("done", None)


@pytest.fixture
def busy(doubtful, treasurer, answers, clock):
    """Questions and attempts are due, three of each."""
    answers["pay_once"] = NoAnswer
    for number in range(2):
        execute(Bill.objects.create(title=f"asked {number}").pay, by=treasurer)
    drain()
    clock.move(minutes=1)
    EffectRun.objects.update(due=clock.now - timedelta(seconds=1), probes=0)
    for number in range(3):
        bill = Bill.objects.create(title=f"paid {number}")
        execute(bill.pay_in_the_dark, by=treasurer)
    del answers.calls[:]


def test_questions_leave_a_thread_to_the_attempts(busy, answers):
    paid = threading.Event()

    def wait_until_paid(bill, run):
        assert paid.wait(LIMIT_SECONDS)
        return {}

    def pay(bill, run):
        paid.set()
        return {}

    answers["find"], answers["pay_blindly"] = wait_until_paid, pay
    drain()
    assert set(EffectRun.objects.values_list("state", flat=True)) == {"done"}


def test_attempts_leave_a_thread_to_the_questions(busy, answers):
    asked = threading.Event()

    def wait_until_asked(bill, run):
        assert asked.wait(LIMIT_SECONDS)
        return {}

    def find(bill, run):
        asked.set()
        return {}

    answers["find"], answers["pay_blindly"] = find, wait_until_asked
    drain()
    assert set(EffectRun.objects.values_list("state", flat=True)) == {"done"}


def test_a_single_thread_takes_them_in_turns(busy, answers, settings):
    settings.WORKFLOWS |= {"THREADS": 1}
    answers["find"] = answers["pay_blindly"] = {}
    drain()
    calls = [call.is_probe for call in answers.calls]
    assert sorted(calls) == [False] * 3 + [True] * 3
    assert calls[:2] == [True, False]


@pytest.mark.only_on("postgresql", "mysql")
def test_an_answer_whose_commit_was_not_heard_of_counts_once(doubtful, answers):
    answers["find"] = {"reference": "T"}
    with cut(at="answer.committed"):
        drain()
    doubtful.refresh_from_db()
    assert (the_run().state, doubtful.version) == ("done", 2)
    assert outcomes(the_run()) == [("attempt", "in_doubt"), ("probed", "done")]
