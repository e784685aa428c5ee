"""What became of a committed effect in doubt: the probe is asked, then a person."""

from datetime import timedelta

import pytest

from tests.testapp.bills import AccountRefused, BankBusy, NoAnswer
from workflows_app import accepted
from workflows_app.describe.timeline import timeline
from workflows_app.engine import execute
from workflows_app.models import Event
from workflows_app.testing import drain, drain_until_quiet

from .bills import SETTLE, outcomes, the_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def doubtful(clock, paying, answers):
    """Its payment is in doubt: the bank did not answer."""
    answers["pay_once"] = NoAnswer
    drain()
    assert the_run().state == "in_doubt"
    return paying


@pytest.fixture
def resendable(clock, bill, treasurer, answers):
    """The same, of one that is sent again when it never arrived."""
    execute(bill.pay_for_sure, by=treasurer)
    answers["pay_surely"] = [NoAnswer, {"reference": "again"}]
    drain()
    return bill


def asked(answers):
    return [call for call in answers.calls if call.is_probe]


def test_it_is_not_asked_before_what_is_under_way_has_had_time_to_settle(doubtful, answers, clock):
    assert the_run().due == clock.now + SETTLE
    clock.move(seconds=39)
    drain()
    assert asked(answers) == []
    clock.move(seconds=2)
    drain()
    assert len(asked(answers)) == 1


def test_the_probe_sees_the_object_and_the_run_it_is_asked_about(doubtful, answers, clock):
    clock.move(minutes=1)
    drain()
    (call,) = asked(answers)
    assert (call.key, call.attempt, call.data["iban"]) == (the_run().key, 1, "DE02")
    assert call.obj == doubtful


@pytest.mark.parametrize(
    ("answer", "state", "stage", "outcome"),
    [
        ({"reference": "T"}, "done", "paid", "done"),
        (accepted("T"), "waiting", "paying", "accepted"),
        (AccountRefused, "failed", "halted", "failed"),
        (BankBusy, "in_doubt", "paying", "not_sent"),
        (None, "in_doubt", "paying", "unknown"),
        (NoAnswer, "in_doubt", "paying", "unknown"),
        (ZeroDivisionError, "in_doubt", "paying", "unknown"),
    ],
)
def test_what_the_probe_says_decides(doubtful, answers, clock, answer, state, stage, outcome):
    answers["find"] = answer
    clock.move(minutes=1)
    drain()
    run = the_run()
    assert (run.state, run.attempts) == (state, 1)
    doubtful.refresh_from_db()
    assert doubtful.status == stage
    assert outcomes(run) == [("attempt", "in_doubt"), ("probed", outcome)]
    assert len(answers.calls_of("pay_once")) == 1


def test_what_the_probe_returns_is_the_result(doubtful, answers, clock):
    answers["find"] = {"reference": "T-9"}
    clock.move(minutes=1)
    drain()
    doubtful.refresh_from_db()
    assert (the_run().result, doubtful.reference) == ({"reference": "T-9"}, "T-9")
    assert (the_run().failure, the_run().may_have_happened) == (None, False)


def test_what_never_arrived_waits_for_a_person_unless_the_contract_says_otherwise(
    doubtful, answers, clock
):
    answers["find"] = BankBusy
    clock.move(minutes=1)
    drain()
    run = the_run()
    assert (run.due, run.failure["code"], run.may_have_happened) == (None, "never_arrived", False)
    assert run.failure["facts"] == {"said": "bank_busy"}
    clock.move(days=2)
    drain()
    assert len(asked(answers)) == 1
    assert "it never arrived." in timeline(doubtful).entries[-1]["text"]


def test_what_never_arrived_is_sent_again_under_the_same_key_where_the_contract_says_so(
    resendable, answers, clock
):
    answers["find"] = BankBusy
    drain_until_quiet(clock)
    run = the_run()
    assert (run.state, run.attempts, run.result) == ("done", 2, {"reference": "again"})
    keys = answers.keys_of("pay_surely")
    assert len(keys) == 2
    assert len(set(keys)) == 1
    assert outcomes(run) == [("attempt", "in_doubt"), ("probed", "not_sent"), ("attempt", "done")]


def test_it_is_sent_again_within_the_budget_only(resendable, answers, clock):
    answers["find"] = BankBusy
    answers["pay_surely"] = NoAnswer
    drain_until_quiet(clock)
    assert (the_run().state, the_run().attempts) == ("failed", 4)
    assert the_run().failure["code"] == "never_arrived"
    resendable.refresh_from_db()
    assert resendable.status == "halted"


def test_unknown_is_asked_again_with_longer_and_longer_waits_until_the_deadline(
    doubtful, answers, clock
):
    drain_until_quiet(clock)
    run = the_run()
    assert (run.state, run.due, run.failure["code"]) == ("in_doubt", None, "no_answer")
    begun = Event.objects.get(kind="attempt").at
    times = [(event.at - begun) for event in Event.objects.filter(kind="probed").order_by("at")]
    assert times[0] < timedelta(minutes=1)
    assert times[-1] >= timedelta(hours=4)
    assert times[-2] < timedelta(hours=4)
    waits = [late - early for early, late in zip(times, times[1:], strict=False)]
    assert timedelta(seconds=45) < waits[0] < timedelta(seconds=75)
    assert timedelta(seconds=140) < waits[1] < timedelta(seconds=220)
    assert max(waits) < timedelta(minutes=73)
    doubtful.refresh_from_db()
    assert doubtful.status == "paying"


def test_a_doubt_about_a_keyed_effect_is_asked_about_too(bill, treasurer, answers, clock):
    execute(bill.place_order, by=treasurer)
    answers["order"] = NoAnswer
    answers["find"] = {"reference": "T"}
    drain_until_quiet(clock)
    run = the_run()
    assert (run.state, run.attempts) == ("done", 3)
    assert outcomes(run)[-2:] == [("attempt", "in_doubt"), ("probed", "done")]


def test_a_worker_that_goes_away_while_it_asks_is_replaced_after_a_lease(doubtful, answers, clock):
    from workflows_app.testing import WorkerDies

    answers["find"] = [WorkerDies, {"reference": "T"}]
    clock.move(minutes=1)
    drain()
    assert the_run().probes == 1
    drain()
    assert len(asked(answers)) == 1
    clock.move(seconds=61)
    drain()
    assert the_run().state == "done"


def test_an_object_that_is_gone_is_not_asked_about(doubtful, answers, clock):
    type(doubtful).objects.filter(pk=doubtful.pk)._raw_delete("default")
    clock.move(minutes=1)
    drain()
    assert (the_run().state, asked(answers)) == ("in_doubt", [])


def test_the_timeline_tells_the_questions(doubtful, answers, clock):
    answers["find"] = [None, {"reference": "T"}]
    drain_until_quiet(clock)
    told = [entry["text"] for entry in timeline(doubtful).entries]
    questions = [text for text in told if text.startswith("Asked")]
    assert "Asked what became of pay once: that is not known yet. Asked again at " in questions[0]
    assert questions[1] == "Asked what became of pay once: it is done."
