"""W15: a message before our own record of its effect. W16: twice, and after a person's decision."""

import pytest

from tests.testapp.models import Payment
from tests.testapp.payments import NoAnswer
from workflows_app import accepted
from workflows_app.engine import execute, receive
from workflows_app.engine.drain import drain
from workflows_app.engine.sweep import sweep
from workflows_app.models import EffectRun, Event, Message, Operation
from workflows_app.ops import resolve
from workflows_app.testing import drain_until_quiet, killed, killed_everywhere, statement

pytestmark = pytest.mark.django_db(transaction=True)

FOUND = {"reference": "on paper"}


@pytest.fixture(autouse=True)
def one_thread(settings):
    settings.WORKFLOWS = {"THREADS": 1}


@pytest.fixture
def new_payment(people):
    def make():
        made = Payment.objects.create(card="4711")
        execute(made.pay, by=people["clerk"])
        return made

    return make


def told(transfer, id="m1", state="settled"):
    payload = {"data": {"transfer": transfer, "state": state}}
    return receive("bank", id, "transfer.settled", payload)


def run_of(payment):
    return EffectRun.objects.get(object_type="testapp.payment", object_id=str(payment.pk))


def assert_paid_once(payment):
    run = run_of(payment)
    assert (run.state, run.follow_up, run.holds_lane) == ("done", "done", None)
    assert (payment.refresh_from_db(), payment.status) == (None, "paid")
    mine = Operation.objects.of("testapp.payment", str(payment.pk))
    assert mine.filter(transition="settle").count() == 1
    assert set(Message.objects.filter(run=run).values_list("state", flat=True)) == {"matched"}


@pytest.mark.parametrize(
    "point", ["handler.ended", "run.locked", "settle.written", "settle.committed"]
)
def test_w15_a_message_before_the_record_of_accepted_outlives_the_worker(
    new_payment, answers, book, clock, point
):
    """The bank tells it while its answer is under way; the worker dies before or after it has
    recorded that answer. The message carries our key, as the worker may never know the reference.
    """

    def quick_bank(payment, run):
        book.note(run)
        told(run.key)
        return accepted("T1")

    payment = new_payment()
    answers["collect"] = quick_bank
    assert killed(drain, at=point)
    assert run_of(payment).state == ("waiting" if point == "settle.committed" else "running")
    assert Message.objects.get().state == "unmatched"
    drain_until_quiet(clock)
    assert_paid_once(payment)
    assert book.calls_of(run_of(payment)) == 1


def test_w15_wherever_the_receiver_dies_the_message_is_used_once(new_payment, answers, book, clock):
    """He dies at every statement in turn; a sender who heard no answer sends it again."""

    def bank(payment, run):
        book.note(run)
        return accepted(run.key)

    def waiting():
        payment = new_payment()
        drain_until_waiting(payment)
        return payment

    def drain_until_waiting(payment):
        drain()
        assert run_of(payment).state == "waiting"

    answers["collect"] = bank
    seen = set()
    for payment, _ in killed_everywhere(waiting, lambda one: told(run_of(one).key, f"m{one.pk}")):
        stored = Message.objects.filter(message_id=f"m{payment.pk}").first()
        seen.add(stored and stored.state)
        if stored is None:
            told(run_of(payment).key, f"m{payment.pk}")
        clock.move(minutes=2)
        sweep("default")
        assert_paid_once(payment)
        assert Message.objects.filter(message_id=f"m{payment.pk}").count() == 1
    assert seen == {None, "stored", "matched"}


def test_w16_a_message_twice_counts_once(new_payment, answers, book, clock):
    """The first receiver dies after it has used the message, or before; the second hears of it."""
    answers["collect"] = book.taking(accepted("T1"))
    payment = new_payment()
    drain()
    stored = statement("UPDATE", "workflows_app_message", "looks", before=True)
    assert killed(lambda: told("T1"), at=stored)
    assert Message.objects.get().state == "stored"
    assert [told("T1").repeated for _ in range(2)] == [1, 2]
    assert told("T1", id="m2").note["code"] == "known"
    assert_paid_once(payment)
    assert Event.objects.filter(kind="confirmed", data__message__isnull=False).count() == 2


@pytest.mark.parametrize(("happened", "state"), [(True, "refused"), (False, "settled")])
def test_w16_a_message_against_a_person_s_decision_is_an_incident(
    new_payment, answers, book, operator, clock, happened, state
):
    """What was decided stays; what speaks against it is kept until somebody has looked."""
    answers["collect"] = book.taking(NoAnswer)
    payment = new_payment()
    drain()
    run = run_of(payment)
    resolve(run, happened=happened, by=operator, reason="asked them", result=FOUND)
    decided = run_of(payment).state
    message = told(run.key, state=state)
    assert (message.state, message.note["code"]) == ("matched", "contradicts")
    run = run_of(payment)
    assert (run.state, run.contradiction["message"]) == (decided, str(message.id))
    assert EffectRun.objects.unresolved().get() == run
