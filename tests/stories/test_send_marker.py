"""Before a committed effect leaves, that it does is on record: without the mark it has not left."""

from datetime import timedelta

import pytest

from tests.testapp.bills import AccountRefused, BankBusy, NoAnswer
from workflows_app.engine import execute
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import drain
from workflows_app.engine.perform import perform
from workflows_app.engine.sweep import effect_of, sweep, sweep_when_due
from workflows_app.models import EffectRun, Operation
from workflows_app.testing import Pause, statement

from .bills import SETTLE, outcomes, rescue, the_run
from .races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

THE_MARK = statement("UPDATE", "sent_fence", before=True)


@pytest.fixture(autouse=True)
def only_we_sweep(transactional_db, settings):
    settings.WORKFLOWS = {"SWEEP_EVERY": timedelta(hours=1)}
    assert sweep_when_due("default")


@pytest.mark.lenient  # its handler looks into the database
def test_the_mark_is_there_when_the_handler_begins(paying, answers):
    seen = []

    def look(bill, run):
        seen.append(the_run())
        return {}

    answers["pay_once"] = look
    drain()
    assert seen[0].is_marked
    assert seen[0].sent_at is not None


@pytest.mark.parametrize(
    ("answer", "state", "code", "stage"),
    [
        ({"reference": "T"}, "done", None, "paid"),
        (BankBusy, "queued", "bank_busy", "paying"),
        (NoAnswer, "in_doubt", "no_answer", "paying"),
        (ZeroDivisionError, "in_doubt", "unexpected_error", "paying"),
        (lambda bill, run: {1, 2}, "in_doubt", "unexpected_result", "paying"),
        (AccountRefused, "failed", "account_refused", "halted"),
    ],
)
def test_what_the_handler_says_decides(paying, answers, answer, state, code, stage):
    answers["pay_once"] = answer
    drain()
    run = the_run()
    assert (run.state, run.attempts) == (state, 1)
    assert (run.failure or {}).get("code") == code
    assert run.is_marked is (state != "queued")
    assert run.may_have_happened is (state == "in_doubt")
    paying.refresh_from_db()
    assert paying.status == stage
    assert len(answers.calls) == 1


def test_what_was_not_sent_is_sent_later_under_a_new_mark(paying, answers, clock):
    answers["pay_once"] = [BankBusy, {}]
    drain()
    clock.move(minutes=2)
    drain()
    run = the_run()
    assert (run.state, run.attempts, run.sent_fence) == ("done", 2, 2)
    assert len(set(answers.keys_of("pay_once"))) == 1


def test_a_spent_budget_of_what_was_never_sent_has_failed(paying, answers, clock):
    answers["pay_once"] = BankBusy
    for _ in range(4):
        drain()
        clock.move(hours=1)
    assert (the_run().state, the_run().attempts) == ("failed", 4)
    paying.refresh_from_db()
    assert (paying.status, paying.trouble) == ("halted", "bank_busy")


def test_what_may_have_left_is_not_sent_again_however_long_nobody_looks(paying, answers, clock):
    answers["pay_once"] = NoAnswer
    drain()
    EffectRun.objects.update(due=None)  # nobody can be asked
    for _ in range(3):
        clock.move(hours=30)
        drain()
    assert the_run().state == "in_doubt"
    assert len(answers.calls) == 1


def test_where_nobody_can_be_asked_a_person_decides_at_once(bill, treasurer, answers):
    execute(bill.pay_in_the_dark, by=treasurer)
    answers["pay_blindly"] = NoAnswer
    drain()
    run = the_run()
    assert (run.state, run.due, run.deadline) == ("in_doubt", None, None)


def test_a_worker_that_went_away_before_the_mark_leaves_no_doubt(paying, clock, answers):
    claim("default", 1)
    rescue(clock)
    run = the_run()
    assert (run.state, run.may_have_happened, run.fence) == ("queued", False, 2)
    drain()
    assert (the_run().state, the_run().attempts) == ("done", 2)


def test_a_worker_that_went_away_after_the_mark_leaves_a_doubt(paying, clock, answers):
    EffectRun.objects.update(**_marked(*claim("default", 1)))
    rescue(clock)
    run = the_run()
    assert (run.state, run.may_have_happened) == ("in_doubt", True)
    assert run.due == clock.now + SETTLE
    assert run.deadline == clock.now + timedelta(hours=4)
    drain()
    assert answers.calls_of("pay_once") == []


def test_the_mark_of_an_earlier_attempt_says_nothing_about_this_one(paying, clock):
    (run,) = claim("default", 1)
    EffectRun.objects.update(**_marked(run) | {"fence": run.fence + 1})
    rescue(clock)
    assert the_run().state == "queued"


def _marked(run):
    return {"sent_at": run.lease_until, "sent_fence": run.fence}


def test_three_workers_that_went_away_before_the_mark_are_poison_and_no_doubt(paying, clock):
    for _ in range(3):
        assert claim("default", 1)
        rescue(clock)
    run = the_run()
    assert (run.state, run.failure["code"], run.failure["kind"]) == ("failed", "poison", "not_sent")


def test_after_the_end_of_the_lease_nothing_is_sent(paying, clock, answers):
    (run,) = claim("default", 1)
    clock.move(minutes=2)
    perform("default", run, effect_of(run), paying)
    assert answers.calls == []
    assert the_run().sent_at is None
    sweep("default")
    assert the_run().state == "queued"


def test_what_is_not_wanted_any_more_is_not_sent(paying, answers):
    (run,) = claim("default", 1)
    EffectRun.objects.update(superseded_by=Operation.objects.latest("version"))
    perform("default", run, effect_of(run), paying)
    assert answers.calls == []
    assert the_run().sent_at is None


def test_a_mark_that_took_too_long_is_taken_back_and_costs_no_attempt(
    paying, clock, answers, settings
):
    settings.WORKFLOWS |= {"LEASE": timedelta(microseconds=3)}
    (run,) = claim("default", 1)
    perform("default", run, effect_of(run), paying)
    run = the_run()
    assert answers.calls == []
    assert (run.state, run.attempts, run.sent_at, run.sent_fence) == ("queued", 0, None, None)
    assert run.first_attempt_at is None


def test_a_run_taken_away_while_its_worker_stands_before_the_mark_is_sent_by_the_other_only(
    paying, clock, answers
):
    pause = Pause(THE_MARK)
    (early,) = claim("default", 1)

    def stand_still():
        with pause.here():
            perform("default", early, effect_of(early), paying)

    def another_worker():
        pause.wait_until_reached()
        rescue(clock)
        drain()
        pause.let_go()

    assert at_once(stand_still, another_worker) == [None, None]
    assert [call.attempt for call in answers.calls] == [2]
    assert (the_run().state, the_run().attempts) == ("done", 2)


def test_a_run_taken_away_between_the_mark_and_the_send_is_never_sent_by_another(
    paying, clock, answers
):
    pause = Pause("handler.begun")
    (early,) = claim("default", 1)

    def stand_still():
        with pause.here():
            perform("default", early, effect_of(early), paying)

    def another_worker():
        pause.wait_until_reached()
        rescue(clock)
        assert the_run().state == "in_doubt"
        drain()
        pause.let_go()

    assert at_once(stand_still, another_worker) == [None, None]
    assert [call.attempt for call in answers.calls] == [1]
    assert the_run().state == "done"
    assert outcomes(the_run()) == [("lease_lost", None), ("attempt", "done")]
