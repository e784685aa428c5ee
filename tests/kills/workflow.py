"""Payments whose bank honours keys: what a killed worker had in hand is asked for again."""

from datetime import timedelta

from django.conf import settings

from demo_project.claims import bank, wire
from workflows_app import (
    SYSTEM,
    NotSent,
    Rejected,
    Retry,
    Role,
    State,
    States,
    Unknown,
    Workflow,
    keyed,
    replay_safe,
    transition,
)

clerk = Role("a clerk", "kills.add_payment")


class Status(States):
    NEW = State("new", "New", owner=clerk, initial=True)
    PAYING = State("paying", "Payment on its way", owner=clerk)
    PAID = State("paid", "Paid", final=True)
    HALTED = State("halted", "Payment halted", owner=None)


class BankBusy(NotSent):
    """The bank is busy and took nothing."""


class NoAnswer(Unknown):
    """The bank did not answer in time; it may have the transfer."""


class AccountRefused(Rejected):
    """The bank refused the account number."""


@keyed(
    window=timedelta(hours=24),
    retry=Retry(times=10),
    timeout=timedelta(seconds=5),
    carries=["iban"],
    fails_with=[BankBusy, NoAnswer, AccountRefused],
    then="settle",
    otherwise="halt",
    owner=clerk,
)
def pay_out(payment, run):
    """Transfer the money, once per key."""
    try:
        bank.transfer(to=run.data["iban"], amount="100.00", key=run.key, within=run.remaining)
    except bank.Busy as error:
        raise BankBusy from error
    except bank.TimedOut as error:
        raise NoAnswer from error
    except bank.Refused as error:
        raise AccountRefused from error


@replay_safe(retry=Retry(times=10), timeout=timedelta(seconds=5), fails_with=[BankBusy])
def tell(payment, run):
    """Mail where the payment stands."""
    message = {"to": "somebody@example.org", "subject": payment.status}
    url = f"{settings.MAIL_URL}/mail/messages"
    try:
        wire.post(url, message, key=run.key, within=run.remaining)
    except (wire.NotReached, wire.NoAnswer) as error:
        raise BankBusy from error


class PaymentWorkflow(Workflow, states=Status, seen_by=clerk):
    @transition(source=Status.NEW, target=Status.PAYING, by=clerk, effects=[pay_out, tell])
    def pay(self, cmd):
        """Pay it."""

    @transition(source=Status.PAYING, target=Status.PAID, by=SYSTEM, effects=[tell])
    def settle(self, cmd):
        """The bank has paid."""

    @transition(source=Status.PAYING, target=Status.HALTED, by=SYSTEM)
    def halt(self, cmd):
        """The bank will not pay."""
