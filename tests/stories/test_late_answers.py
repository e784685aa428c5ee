"""The late answer of a committed effect: it resolves its doubt, or it is evidence."""

from datetime import timedelta

import pytest

from tests.testapp.bills import AccountRefused, BankBusy, NoAnswer
from workflows_app import accepted
from workflows_app.describe.status import status
from workflows_app.describe.timeline import timeline
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import drain
from workflows_app.engine.perform import perform
from workflows_app.engine.sweep import effect_of, sweep_when_due
from workflows_app.models import EffectRun
from workflows_app.ops import resolve, skip
from workflows_app.testing import Pause

from .bills import outcomes, rescue, the_run
from .races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def only_we_sweep(transactional_db, settings):
    settings.WORKFLOWS = {"SWEEP_EVERY": timedelta(hours=1)}
    assert sweep_when_due("default")


@pytest.fixture
def late(paying, clock, answers):
    """Have a worker answer this after its lease has ended and something else was done."""

    def answer_late(answer, meanwhile=lambda: None):
        answers["pay_once"] = answer
        pause = Pause("handler.ended")
        (run,) = claim("default", 1)

        def stand_still():
            with pause.here():
                perform("default", run, effect_of(run), paying)

        def decide():
            pause.wait_until_reached()
            try:
                rescue(clock)
                assert the_run().state == "in_doubt"
                meanwhile()
            finally:
                pause.let_go()

        assert at_once(stand_still, decide) == [None, None]
        paying.refresh_from_db()
        return the_run()

    return answer_late


@pytest.mark.parametrize(
    ("answer", "state", "outcome", "stage"),
    [
        ({"reference": "T"}, "done", "done", "paid"),
        (accepted("T"), "waiting", "accepted", "paying"),
        (AccountRefused, "failed", "failed", "halted"),
        (BankBusy, "queued", "retry", "paying"),
    ],
)
def test_it_resolves_the_doubt_about_what_it_has_sent(late, paying, answer, state, outcome, stage):
    run = late(answer)
    assert (run.state, run.contradiction) == (state, None)
    assert outcomes(run) == [("lease_lost", None), ("attempt", outcome)]
    assert paying.status == stage
    assert (
        ", late, " in timeline(paying).entries[-1 if state in ("queued", "waiting") else -2]["text"]
    )


def test_one_that_does_not_know_either_leaves_the_doubt_as_it_is(late, clock):
    run = late(NoAnswer)
    assert (run.state, run.failure["code"]) == ("in_doubt", "worker_lost")
    assert run.due == clock.now + timedelta(seconds=40)
    assert outcomes(run) == [("lease_lost", None), ("late_answer", "failed")]


def test_it_ends_what_the_probe_has_found_accepted_meanwhile(late, paying, answers, clock):
    def ask():
        answers["find"] = accepted("T")
        clock.move(minutes=1)
        drain()
        assert the_run().state == "waiting"

    run = late({"reference": "T"}, ask)
    assert (run.state, run.contradiction, paying.status) == ("done", None, "paid")


def did_not_happen(operator):
    resolve(the_run(), happened=False, by=operator, reason="the bank says no")


def it_happened(operator):
    resolve(the_run(), happened=True, by=operator, reason="seen", result={"reference": "X"})


def left_out(operator):
    skip(the_run(), by=operator, reason="no matter")


@pytest.mark.parametrize(
    ("decision", "answer", "state"),
    [
        (did_not_happen, {"reference": "T"}, "failed"),
        (did_not_happen, accepted("T"), "failed"),
        (left_out, {"reference": "T"}, "skipped"),
        (it_happened, AccountRefused, "done"),
        (it_happened, BankBusy, "done"),
    ],
)
def test_against_a_persons_decision_it_is_evidence_and_an_incident(
    late, paying, operator, decision, answer, state
):
    run = late(answer, lambda: decision(operator))
    assert run.state == state
    assert run.contradiction["by"] == "late_answer"
    assert [kind for kind, _ in outcomes(run)][-2:] == ["late_answer", "contradicted"]
    assert status(paying)["phase"] == "blocked"
    assert "Somebody has to look." in timeline(paying).entries[-1]["text"]


@pytest.mark.parametrize(
    ("decision", "answer"),
    [
        (did_not_happen, AccountRefused),
        (did_not_happen, NoAnswer),
        (it_happened, {}),
        (left_out, NoAnswer),
    ],
)
def test_one_that_agrees_with_the_decision_is_only_noted(late, operator, decision, answer):
    run = late(answer, lambda: decision(operator))
    assert run.contradiction is None
    assert outcomes(run)[-1][0] == "late_answer"


def sent_again():
    EffectRun.objects.update(state="queued", due=the_run().due, sent_fence=None, sent_at=None)


def test_what_happened_is_not_sent_again_although_it_was_thought_not_to_have_arrived(
    late, paying, answers
):
    run = late({"reference": "T"}, sent_again)
    assert (run.state, run.attempts, paying.status) == ("done", 1, "paid")
    assert len(answers.calls) == 1


def test_what_was_done_by_two_attempts_is_an_incident(late, paying, clock, answers):
    def again():
        sent_again()
        clock.move(minutes=5)
        (run,) = claim("default", 1)
        answers["pay_once"] = {"reference": "second"}
        perform("default", run, effect_of(run), paying)

    run = late({"reference": "first"}, again)
    assert (run.state, run.result) == ("done", {"reference": "second"})
    assert run.contradiction["attempt"] == 1


def test_of_a_newer_attempt_that_is_under_way_too(late, paying, clock, answers):
    begun = []

    def again():
        sent_again()
        clock.move(minutes=5)
        begun.extend(claim("default", 1))

    late({"reference": "first"}, again)
    answers["pay_once"] = {"reference": "second"}
    perform("default", begun[0], effect_of(begun[0]), paying)
    run = the_run()
    assert (run.state, run.result) == ("done", {"reference": "second"})
    assert run.contradiction["state"] == "running"
