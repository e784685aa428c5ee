"""What comes from outside is stored once and first, and runs the transition that listens to it."""

import logging
from datetime import timedelta

import pytest
from django.db import connection, transaction

from tests.engine.conftest import person
from tests.testapp.models import Payment
from workflows_app import Invalid
from workflows_app.engine import edit, execute, receive
from workflows_app.engine.drain import drain
from workflows_app.engine.match import match_due
from workflows_app.engine.notes import Note, Trouble, note_unused, take_to_look
from workflows_app.engine.sweep import sweep, sweep_when_due
from workflows_app.models import EffectRun, Message, MessageState, Operation
from workflows_app.ops import skip
from workflows_app.testing import killed_everywhere

pytestmark = pytest.mark.django_db(transaction=True)


def disputed(id="m1", card="4711", endpoint="bank", type="card.disputed", reason="not mine"):
    payload = {"type": type, "data": {"card": card, "reason": reason}}
    return receive(endpoint, id, type, payload)


@pytest.fixture
def new_payment():
    def make(card="4711", **columns):
        receive("bank", f"made {card}", "payment.issued", {"data": {"card": card, "amount": 5}})
        payment = Payment.objects.get(card=card)
        receive("bank", f"paid {card}", "card.charged", {"data": {"card": card}})
        Payment.objects.filter(pk=payment.pk).update(**columns)
        return Payment.objects.get(pk=payment.pk)

    return make


@pytest.fixture
def paid(new_payment):
    return new_payment()


def test_a_message_runs_the_transition_that_listens_to_it(paid):
    message = disputed()
    paid.refresh_from_db()
    assert (paid.status, paid.trouble, paid.version) == ("disputed", "not mine", 2)
    operation = Operation.objects.of("testapp.payment", str(paid.pk)).last()
    assert (operation.kind, operation.actor) == ("system", "system")
    assert operation.cause == f"message:{message.id}"
    assert operation.key == f"message:{message.id}:dispute"
    assert operation.data == {"why": "not mine"}  # what the transition does not declare is dropped
    assert (message.state, message.operation) == ("matched", operation)
    assert (message.object_type, message.object_id) == ("testapp.payment", str(paid.pk))
    assert (message.due, message.note, message.run) == (None, None, None)


def test_a_message_creates_once(db):
    payload = {"data": {"card": "7", "amount": 3, "colour": "red"}}
    first = receive("bank", "new", "payment.issued", payload)
    again = receive("bank", "new", "payment.issued", payload)
    payment = Payment.objects.get()
    assert (payment.card, payment.amount) == ("7", 3)
    assert (first.pk, again.repeated, again.differed) == (again.pk, 1, False)
    operation = Operation.objects.get()
    assert (operation.transition, operation.cause) == ("issue", f"message:{first.id}")
    assert operation.data == {"card": "7", "amount": 3}


def test_the_same_message_from_another_sender_is_another_message(paid):
    assert disputed(endpoint="mailer").state == "unmatched"  # only the bank may say so
    assert disputed().state == "matched"
    assert Message.objects.filter(message_id="m1").count() == 2


def test_a_second_delivery_is_the_first_message(paid, caplog):
    disputed()
    with caplog.at_level(logging.WARNING):
        again = disputed(reason="the dog ate 4711")
    assert (again.repeated, again.differed, again.state) == (1, True, "matched")
    assert again.payload["data"]["reason"] == "not mine"
    assert Operation.objects.filter(transition="dispute").count() == 1
    assert "said something else" in caplog.text
    assert "4711" not in caplog.text


def test_what_nobody_waits_for_is_kept_and_used_when_somebody_does(new_payment, clock):
    message = disputed()
    assert (message.state, message.note["code"]) == ("unmatched", "nobody_found")
    new_payment()
    clock.move(minutes=10)
    sweep("default")
    assert Payment.objects.get().status == "disputed"
    message.refresh_from_db()
    assert message.state == "matched"


def test_what_is_not_possible_yet_is_tried_again(new_payment, clock):
    payment = new_payment(frozen=True)
    message = disputed()
    assert (message.state, message.note["code"]) == ("stuck", "guard_failed")
    assert message.note["detail"] == "The payment is frozen."
    assert (payment.refresh_from_db(), payment.status) == (None, "paid")
    Payment.objects.update(frozen=False)
    clock.move(minutes=10)
    sweep("default")
    assert (payment.refresh_from_db(), payment.status) == (None, "disputed")


@pytest.fixture
def too_early(clock):
    """A dispute of a payment that nobody has paid yet; its retry is far away."""
    receive("bank", "made", "payment.issued", {"data": {"card": "4711", "amount": 5}})
    message = disputed()
    assert (message.state, message.note["code"]) == ("stuck", "wrong_state")
    Message.objects.filter(pk=message.pk).update(due=clock.now + timedelta(minutes=10))
    return message


def charged():
    return receive("bank", "paid", "card.charged", {"data": {"card": "4711"}})


def test_what_an_object_could_not_use_is_looked_at_as_soon_as_it_has_moved(too_early):
    charged()
    match_due("default")
    assert Payment.objects.get().status == "disputed"
    too_early.refresh_from_db()
    assert (too_early.state, too_early.looks) == ("matched", 2)


def test_an_edit_a_command_and_a_decision_have_it_looked_at_too(too_early, clock):
    payment, fixer = Payment.objects.get(), person("fixer", "handle_parcel", "skip_run")
    for change in (
        lambda: edit(payment, by=fixer, data={"amount": 6}),
        lambda: execute(payment.pay, by=fixer),
        lambda: skip(EffectRun.objects.get(), by=fixer, reason="Paid in cash."),
    ):
        match_due("default")
        too_early.refresh_from_db()
        assert (too_early.state, too_early.due > clock.now) == ("stuck", True)
        change()
        too_early.refresh_from_db()
        assert too_early.due <= clock.now


def test_another_object_s_command_has_nothing_looked_at(too_early, clock):
    receive("bank", "other", "payment.issued", {"data": {"card": "0815", "amount": 5}})
    receive("bank", "paid other", "card.charged", {"data": {"card": "0815"}})
    too_early.refresh_from_db()
    assert too_early.due > clock.now


def test_whoever_looks_while_the_object_moves_writes_no_pause_over_that(too_early, clock):
    """He was refused by the object as it was; it has moved before he notes that."""
    looked = Message.objects.get(pk=too_early.pk)
    assert take_to_look("default", looked, clock.now + timedelta(minutes=1))
    charged()
    note_unused("default", looked, Trouble(Note("wrong_state", "It was not paid.")))
    too_early.refresh_from_db()
    assert too_early.due <= clock.now
    match_due("default")
    assert Payment.objects.get().status == "disputed"


def test_a_drain_looks_at_what_is_due_and_needs_no_sweep(too_early, settings, clock):
    settings.WORKFLOWS = {"SWEEP_EVERY": timedelta(hours=1), "THREADS": 1}
    sweep_when_due("default")
    charged()
    drain()
    assert Payment.objects.get().status == "disputed"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({"data": {"card": "4711"}}, "unexpected_error"),  # data= raises: there is no reason
        ({}, "unexpected_error"),  # finds= raises
        ({"data": {"card": "4711", "reason": ""}}, "invalid"),
        ({"data": {"card": None, "reason": "x"}}, "nobody_found"),
        ({"data": {"card": "twice", "reason": "x"}}, "several_found"),
    ],
)
def test_whatever_is_wrong_with_a_message_is_kept_with_it(new_payment, payload, code, clock):
    new_payment()
    Payment.objects.bulk_create([Payment(card="twice"), Payment(card="twice")])
    message = receive("bank", "odd", "card.disputed", payload)
    assert message.note["code"] == code
    assert message.state == ("unmatched" if code == "nobody_found" else "stuck")
    assert disputed("sound").state == "matched"  # it keeps no other waiting
    clock.move(days=6)
    sweep("default")
    message.refresh_from_db()
    assert message.looks == 2
    assert message.due <= message.expires_at
    clock.move(days=1)
    sweep("default")
    message.refresh_from_db()
    assert (message.state, message.due) == ("expired", None)
    assert message.note["code"] == code
    assert message.finished_at is not None


def test_the_time_to_live_is_a_setting(settings, clock):
    settings.WORKFLOWS = {"MESSAGES_LIVE": timedelta(hours=1)}
    message = disputed()
    assert message.expires_at - message.received_at == timedelta(hours=1)
    clock.move(hours=1)
    sweep("default")
    assert Message.objects.get().state == "expired"


def test_a_message_whose_time_was_over_lives_again_when_it_comes_again(new_payment, clock):
    disputed()
    clock.move(days=7)
    sweep("default")
    assert Message.objects.get().state == "expired"
    new_payment()
    assert disputed().state == "matched"
    assert Payment.objects.get().status == "disputed"


def test_looks_are_further_and_further_apart(clock):
    message = disputed()
    pauses = []
    for _ in range(8):
        pauses.append((message.due - clock.now).total_seconds())
        clock.move_to(message.due)
        sweep("default")
        message.refresh_from_db()
    assert pauses == [2, 6, 18, 54, 162, 486, 600, 600]


def test_what_nothing_listens_to_is_looked_at_once_an_hour(clock):
    message = receive("bank", "m", "weather.changed", {"data": {}})
    assert (message.state, message.note["code"]) == ("unmatched", "unheard")
    assert message.due - clock.now == timedelta(hours=1)


def test_a_crash_anywhere_loses_no_message_and_uses_it_once(new_payment, clock):
    cards = iter(map(str, range(100)))
    seen = set()
    for payment, killed in killed_everywhere(
        lambda: new_payment(next(cards)),
        lambda payment: disputed(f"m {payment.card}", payment.card),
    ):
        stored = Message.objects.filter(message_id=f"m {payment.card}").first()
        seen.add(stored.state if stored else None)
        if stored is None:  # the sender heard no answer
            disputed(f"m {payment.card}", payment.card)
        clock.move(minutes=2)
        sweep("default")
        stored = Message.objects.get(message_id=f"m {payment.card}")
        assert stored.state == "matched"
        assert (payment.refresh_from_db(), payment.status, payment.version) == (None, "disputed", 2)
        assert killed or stored.looks == 1
    assert seen == {None, "stored", "matched"}


def test_inside_a_transaction_it_is_stored_with_that_and_used_after_it(paid):
    with transaction.atomic():
        message = disputed()
        assert message.state == "stored"
        assert Payment.objects.get().status == "paid"
    message.refresh_from_db()
    assert message.state == "matched"
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        disputed("m2")
        raise ZeroDivisionError
    assert not Message.objects.filter(message_id="m2").exists()


@pytest.mark.parametrize(
    ("endpoint", "id", "type", "payload", "about"),
    [
        ("Bank", "1", "t", {}, "/endpoint"),
        ("bank", "", "t", {}, "/id"),
        ("bank", "x" * 256, "t", {}, "/id"),
        ("bank", 7, "t", {}, "/id"),
        ("bank", "1\n", "t", {}, "/id"),
        ("bank", "1 ", "t", {}, "/id"),
        ("bank", "1", None, {}, "/type"),
        ("bank", "1", "t", [1], "/payload"),
        ("bank", "1", "t", {"a": float("nan")}, "/payload"),
        ("bank", "1", "t", {"a": "\ud800"}, "/payload"),
        ("bank", "1", "t", {"a": object()}, "/payload"),
    ],
)
def test_what_is_no_message_is_refused_and_names_the_fault(endpoint, id, type, payload, about):
    with pytest.raises(Invalid) as refusal:
        receive(endpoint, id, type, payload)
    assert [one.pointer for one in refusal.value.reasons] == [about]
    assert not Message.objects.exists()


def test_a_null_character_and_a_deep_payload_are_stored_or_refused(db):
    with pytest.raises(Invalid):
        receive("bank", "1", "t", {"a": "\0"})
    deep = payload = {}
    for _ in range(100):
        deep["a"] = deep = {}
    if connection.vendor == "mysql":  # JSON is 32 levels deep there
        with pytest.raises(Invalid, match="nested"):
            receive("bank", "2", "t", payload)
    else:
        assert receive("bank", "2", "t", payload).state == MessageState.UNMATCHED


def test_a_transition_may_still_be_a_person_s(paid, people):
    execute(paid.dispute, by=people["clerk"], data={"why": "called us"})
    assert disputed().note == {"code": "wrong_state", "detail": "Only from Paid."}
