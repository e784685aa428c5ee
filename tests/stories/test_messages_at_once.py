"""The same message many times at the same moment, and beside commands: it counts once."""

import pytest

from tests.testapp.models import Payment
from workflows_app import SYSTEM, Refused, accepted
from workflows_app.engine import execute, receive
from workflows_app.engine.drain import drain
from workflows_app.engine.match import match_due
from workflows_app.models import EffectRun, Event, Message, Operation

from .races import Crowd

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = 5
SIZE = 4


@pytest.fixture(autouse=True)
def one_thread(settings):
    settings.WORKFLOWS = {"THREADS": 1}


@pytest.fixture
def crowd():
    with Crowd(SIZE) as crowd:
        yield crowd


def told(type, id, **data):
    return receive("bank", id, type, {"data": data})


def assert_all_heard_the_same(answers, message_id):
    message = Message.objects.get(message_id=message_id)
    assert [answer.pk for answer in answers] == [message.pk] * SIZE
    assert (message.state, message.repeated) == ("matched", SIZE - 1)
    return message


def test_a_message_that_creates_creates_once(crowd):
    for number in range(ROUNDS):
        card = f"c{number}"
        answers = crowd.round(
            *[lambda card=card: told("payment.issued", card, card=card, amount=1)] * SIZE
        )
        message = assert_all_heard_the_same(answers, card)
        assert Payment.objects.filter(card=card).count() == 1
        assert Operation.objects.filter(cause=message.as_cause()).count() == 1


def test_a_message_that_moves_an_object_moves_it_once(crowd):
    for number in range(ROUNDS):
        card = f"c{number}"
        told("payment.issued", f"made {card}", card=card, amount=1)
        answers = crowd.round(*[lambda card=card: told("card.charged", card, card=card)] * SIZE)
        assert_all_heard_the_same(answers, card)
        payment = Payment.objects.get(card=card)
        assert (payment.status, payment.version) == ("paid", 1)


def test_a_message_that_confirms_an_effect_confirms_it_once(crowd, people, answers):
    answers["collect"] = lambda payment, run: accepted(payment.card)
    for number in range(ROUNDS):
        card = f"c{number}"
        payment = Payment.objects.create(card=card)
        execute(payment.pay, by=people["clerk"])
        drain()
        told_at_once = crowd.round(
            *[lambda card=card: told("transfer.settled", card, transfer=card, state="settled")]
            * SIZE
        )
        message = assert_all_heard_the_same(told_at_once, card)
        run = EffectRun.objects.get(object_id=str(payment.pk))
        assert (run.state, run.contradiction, message.run_id) == ("done", None, run.pk)
        assert Event.objects.filter(run=run, kind="confirmed").count() == 1
        assert Operation.objects.of("testapp.payment", str(payment.pk)).count() == 3


def test_a_message_beside_a_command_and_a_sweep_is_used_or_kept(crowd, people):
    """The lock decides who comes first; a message that comes second is kept and says why."""
    clerk = people["clerk"]
    for number in range(ROUNDS):
        card = f"c{number}"
        told("payment.issued", f"made {card}", card=card, amount=1)
        payment = Payment.objects.get(card=card)
        execute(payment.charged, by=SYSTEM)

        def say(card=card):
            return told("card.disputed", card, card=card, reason="not mine")

        def dispute(pk=payment.pk):
            mine = Payment.objects.get(pk=pk)
            return execute(mine.dispute, by=clerk, data={"why": "called us"})

        first, command, *_ = crowd.round(say, dispute, say, lambda: match_due("default"))
        match_due("default")  # who looked while the object changed left it to the next look
        payment.refresh_from_db()
        message = Message.objects.get(message_id=card)
        assert (payment.status, payment.version) == ("disputed", 2)
        if isinstance(command, Refused):
            assert (message.state, payment.trouble) == ("matched", "not mine")
        else:
            assert (message.state, message.note["code"]) == ("stuck", "wrong_state")
            assert payment.trouble == "called us"
        assert first.pk == message.pk
