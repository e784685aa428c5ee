"""The looks at messages, timers and limits, each with the index that serves it everywhere."""

from tests.testapp.models import Payment
from tests.testapp.payments import collect
from workflows_app import SYSTEM
from workflows_app.engine import execute, receive
from workflows_app.engine.admit import admit, forgotten
from workflows_app.engine.confirm import confirming_messages
from workflows_app.engine.fire import fire_due, fire_refused
from workflows_app.engine.match import match_due
from workflows_app.engine.queue.look import until_due
from workflows_app.models import EffectRun, Message, Timer


def looks_at_mail(clerk):
    """By name: what is done, and the index; none where it has a name of the database's own.

    MariaDB reads the least of an index without telling its name. Both indexes of timers are alike
    there, since it has none of some rows.
    """
    payment = Payment.objects.create(card="4711")
    execute(payment.pay, by=clerk)
    waiting = EffectRun.objects.get(effect="collect")
    return {
        "the messages that are due": (lambda: match_due("default"), "workflows_messages_due"),
        "the next message": (Message.objects.next_due, ""),
        "what has come for a run": (
            lambda: confirming_messages("default", waiting, collect), "workflows_messages_ref"
        ),
        "a new message": (lambda: told("new"), ""),
        "the same again": (lambda: told("new"), ""),
        "what an object could not use": (lambda: paid(payment), "workflows_messages_of"),
        "the timers that are due": (lambda: fire_due("default"), "workflows_timers"),
        "the clocks of an object": (lambda: Timer.objects.live_of("testapp.case", "1"), ""),
        "the next timer": (Timer.objects.next_due, ""),
        "those that were refused": (
            lambda: fire_refused("default", at_most=5), "workflows_timers"
        ),
        "the next in a limit": (lambda: admit("default", "19"), "workflows_limited"),
        "limits with room": (lambda: forgotten("default"), "workflows_limited"),
        "the next thing to do": (lambda: until_due("default"), ""),
    }  # fmt: skip


def told(id):
    return receive("bank", id, "card.disputed", {"data": {"card": "4711", "reason": "not mine"}})


def paid(payment):
    """A command: what has come for its object meanwhile is looked for."""
    execute(payment.settle, by=SYSTEM, data={})
