"""A message confirms an effect once, whether it comes early, late, twice, or against a decision."""

from datetime import timedelta

import pytest

from tests.testapp.models import Payment
from tests.testapp.payments import BankBusy, NoAnswer
from workflows_app import accepted
from workflows_app.describe.timeline import timeline
from workflows_app.engine import execute, receive
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import drain, jobs_for
from workflows_app.engine.perform import perform
from workflows_app.engine.sweep import sweep, sweep_when_due
from workflows_app.models import EffectRun, Event, Message, Operation
from workflows_app.ops import resolve, skip
from workflows_app.testing import Pause, statement

from .races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

FOUND = {"reference": "on paper"}

LATER = timedelta(minutes=2)


@pytest.fixture(autouse=True)
def only_we_sweep(transactional_db, settings):
    settings.WORKFLOWS = {"SWEEP_EVERY": timedelta(hours=1), "THREADS": 1}
    assert sweep_when_due("default")


@pytest.fixture
def payment(people):
    made = Payment.objects.create(card="4711")
    execute(made.pay, by=people["clerk"])
    return made


@pytest.fixture
def waiting(payment, answers, clock):
    """The bank has accepted it as T1."""
    answers["collect"] = accepted("T1")
    drain()
    assert the_run().state == "waiting"
    return payment


def the_run():
    return EffectRun.objects.select_related("operation").get()


def told(state="settled", id="m1", transfer="T1", type="transfer.settled"):
    return receive("bank", id, type, {"data": {"transfer": transfer, "state": state}})


def stage(payment):
    payment.refresh_from_db()
    return payment.status


def texts(payment):
    return [entry["text"] for entry in timeline(payment).entries]


def test_a_message_says_that_it_is_done_and_what_follows(waiting):
    message = told()
    run = the_run()
    assert (run.state, run.result, run.follow_up) == ("done", {"reference": "T1"}, "done")
    assert run.holds_lane is None
    assert (stage(waiting), waiting.reference) == ("paid", "T1")
    assert (message.state, message.run, message.operation) == ("matched", run, None)
    assert (message.object_type, message.object_id) == ("testapp.payment", str(waiting.pk))
    event = Event.objects.get(run=run, kind="confirmed")
    assert event.data["message"] == str(message.id)
    assert "4711" not in str(event.data)


def test_a_message_says_that_it_was_refused_and_what_follows(waiting):
    told("refused", type="transfer.refused")
    run = the_run()
    assert (run.state, run.failure["code"], run.follow_up) == ("failed", "card_refused", "done")
    assert (stage(waiting), waiting.trouble) == ("unpaid", "card_refused")


def test_a_message_may_name_the_key(payment, answers, clock):
    answers["collect"] = accepted()
    drain()
    assert told(transfer=the_run().key).state == "matched"
    assert stage(payment) == "paid"


@pytest.mark.parametrize("transfer", ["T2", "t1", "T1 ", "", None, 7, ["T1"]])
def test_another_reference_is_not_ours(waiting, transfer):
    message = told(transfer=transfer)
    assert message.state != "matched"
    assert (the_run().state, stage(waiting)) == ("waiting", "paying")


def test_another_endpoint_or_type_is_not_ours(waiting):
    payload = {"data": {"transfer": "T1", "state": "settled"}}
    assert receive("mailer", "1", "transfer.settled", payload).state == "unmatched"
    assert receive("bank", "1", "transfer.begun", payload).state == "unmatched"
    assert the_run().state == "waiting"


@pytest.mark.parametrize("state", ["pending", "unclear"])
def test_a_message_that_decides_nothing_is_noted_and_another_decides(waiting, state):
    assert told(state).state == "matched"
    assert (the_run().state, stage(waiting)) == ("waiting", "paying")
    told(id="m2")
    assert (the_run().state, stage(waiting)) == ("done", "paid")


def test_a_message_that_cannot_be_read_is_kept_and_keeps_no_other_waiting(waiting, clock):
    odd = told("odd")
    assert (odd.state, odd.note["code"]) == ("stuck", "unexpected_result")
    worse = told("unheard of", id="m2")
    assert (worse.state, worse.note["code"]) == ("stuck", "unexpected_error")
    bare = receive("bank", "m3", "transfer.settled", {"nothing": 1})
    assert (bare.state, bare.note["code"]) == ("stuck", "unexpected_error")
    assert (the_run().state, stage(waiting)) == ("waiting", "paying")
    assert told(id="m4").state == "matched"
    assert stage(waiting) == "paid"
    clock.move(minutes=1)
    sweep("default")
    assert list(Message.objects.exclude(state="matched").values_list("looks", flat=True)) == [2] * 3


def test_the_second_delivery_changes_nothing(waiting):
    told()
    again = told()
    assert (again.repeated, again.state) == (1, "matched")
    assert Operation.objects.filter(transition="settle").count() == 1
    assert Event.objects.filter(run=the_run(), kind="confirmed").count() == 1


def test_another_message_that_says_the_same_is_noted(waiting):
    told()
    double = told(id="m2")
    assert (double.state, double.note["code"]) == ("matched", "known")
    assert (stage(waiting), the_run().contradiction) == ("paid", None)
    assert Operation.objects.filter(transition="settle").count() == 1


def test_a_message_against_a_message_is_an_incident_of_nobody_but_is_seen(waiting):
    told()
    against = told("refused", id="m2", type="transfer.refused")
    assert against.state == "matched"
    assert (the_run().state, stage(waiting)) == ("done", "paid")
    assert any("refused the card" in text for text in texts(waiting))


def in_doubt(payment, answers, clock):
    answers["collect"] = NoAnswer
    drain()
    assert the_run().state == "in_doubt"


def test_a_late_message_resolves_a_doubt(payment, answers, clock):
    in_doubt(payment, answers, clock)
    assert told(transfer=the_run().key).state == "matched"
    assert (the_run().state, stage(payment)) == ("done", "paid")


def test_a_late_message_resolves_what_was_not_confirmed_in_time(waiting, answers, clock):
    clock.move(days=4)
    EffectRun.objects.update(state="in_doubt")
    told()
    assert (the_run().state, stage(waiting)) == ("done", "paid")


@pytest.mark.parametrize(
    ("happened", "state", "against"),
    [(True, "refused", True), (False, "settled", True), (True, "settled", False)],
)
def test_a_message_against_a_person_s_decision_is_an_incident(
    payment, answers, operator, clock, happened, state, against
):
    in_doubt(payment, answers, clock)
    resolve(the_run(), happened=happened, by=operator, reason="asked them", result=FOUND)
    decided = (the_run().state, stage(payment))
    message = told(state, transfer=the_run().key)
    assert message.state == "matched"
    assert message.note["code"] == ("contradicts" if against else "known")
    assert (the_run().contradiction is not None) is against
    assert (the_run().state, stage(payment)) == decided
    assert Event.objects.filter(kind="contradicted").exists() is against
    assert EffectRun.objects.unresolved().exists() is against


def test_a_message_against_a_skip_is_an_incident(payment, answers, operator, clock):
    in_doubt(payment, answers, clock)
    skip(the_run(), by=operator, reason="never mind")
    told(transfer=the_run().key)
    assert (the_run().state, the_run().contradiction is not None) == ("skipped", True)


def test_a_message_before_the_effect_has_begun_waits_for_it(payment, answers, clock):
    early = told(transfer=the_run().key)
    assert (early.state, the_run().state) == ("unmatched", "queued")
    answers["collect"] = accepted("T1")
    drain()
    assert (the_run().state, stage(payment)) == ("done", "paid")
    early.refresh_from_db()
    assert early.state == "matched"


def test_a_message_before_our_own_record_waits_for_that(payment, answers, clock):
    """W15: the bank is quicker than our commit."""

    def quick_bank(obj, run):
        told(transfer="T1")
        told(id="m2", transfer=run.key)
        return accepted("T1")

    answers["collect"] = quick_bank
    drain()
    assert (the_run().state, stage(payment)) == ("done", "paid")
    assert set(Message.objects.values_list("state", flat=True)) == {"matched"}
    assert Operation.objects.filter(transition="settle").count() == 1


def test_an_early_message_survives_the_worker_that_died(payment, answers, clock):
    (run,) = claim("default", 1)
    EffectRun.objects.update(sent_fence=run.fence, sent_at=clock.now)  # it was about to leave
    early = told(transfer=run.key)
    assert early.state == "unmatched"
    clock.move(LATER)
    sweep("default")
    assert (the_run().state, stage(payment)) == ("done", "paid")
    early.refresh_from_db()
    assert early.state == "matched"


def test_a_message_of_what_was_sent_again_later_is_kept(payment, answers, clock):
    answers["collect"] = [BankBusy, accepted("T1")]
    drain()
    assert the_run().state == "queued"
    assert told().state == "unmatched"
    clock.move(LATER)
    drain()
    assert (the_run().state, stage(payment)) == ("done", "paid")


def test_a_refusal_told_early_is_not_lost(payment, answers, clock):
    told("refused", type="transfer.refused")
    answers["collect"] = accepted("T1")
    drain()
    assert (the_run().state, stage(payment)) == ("failed", "unpaid")


def test_the_object_s_timeline_tells_the_message_in_words(waiting):
    told()
    assert any("bank" in text.lower() for text in texts(waiting))


def performing(payment, pause):
    (run,) = claim("default", 1)
    (job,) = jobs_for("default", [run])
    with pause.here():
        perform("default", job.run, job.effect, job.obj)


@pytest.mark.only_on("postgresql", "mysql")
@pytest.mark.parametrize("point", ["settle.written", "settle.committed"])
def test_whoever_commits_last_sees_the_other(payment, answers, clock, point):
    """The write skew, the worker's side last: it stands before or after the commit of 'accepted'
    while the message is stored and looked for in vain, or found.
    """
    answers["collect"] = accepted("T1")
    pause = Pause(point)
    seen = []

    def bank():
        pause.wait_until_reached()
        try:
            seen.append(told().state)
        finally:
            pause.let_go()

    assert at_once(lambda: performing(payment, pause), bank) == [None, None]
    assert seen == ["unmatched" if point == "settle.written" else "matched"]
    assert (the_run().state, stage(payment)) == ("done", "paid")
    assert Message.objects.get().state == "matched"
    assert Operation.objects.filter(transition="settle").count() == 1


@pytest.mark.only_on("postgresql", "mysql")
@pytest.mark.parametrize("before", [True, False], ids=["before it looks", "before it commits"])
def test_whoever_commits_last_sees_the_other_message_last(payment, answers, clock, before):
    """The write skew, the message's side last: it is stored, not committed, or has not looked yet,
    while the worker records 'accepted' and looks for messages in vain.
    """
    answers["collect"] = accepted("T1")
    stored = statement("INSERT INTO", "workflows_app_message")
    looks = statement("UPDATE", "workflows_app_message", "looks", before=True)
    pause = Pause(looks if before else stored)

    def bank():
        with pause.here():
            told()

    def worker():
        pause.wait_until_reached()
        try:
            (run,) = claim("default", 1)
            (job,) = jobs_for("default", [run])
            perform("default", job.run, job.effect, job.obj)
            if not before:
                assert the_run().state == "waiting"
        finally:
            pause.let_go()

    assert at_once(bank, worker) == [None, None]
    assert (the_run().state, stage(payment)) == ("done", "paid")
    assert Message.objects.get().state == "matched"
    assert Operation.objects.filter(transition="settle").count() == 1
