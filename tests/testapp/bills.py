"""A bill that is paid once, in every way in which a committed effect may be declared."""

from datetime import timedelta

from django.db import models
from rest_framework import serializers

from workflows_app import (
    SYSTEM,
    External,
    NotSent,
    Rejected,
    Retry,
    Role,
    State,
    States,
    Unknown,
    Workflow,
    committed,
    guard,
    keyed,
    transition,
)
from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

from . import remote

treasurer = Role("a treasurer", "testapp.pay_bill")


class Stage(States):
    OPEN = State("open", "Open", owner=treasurer, initial=True)
    PAYING = State("paying", "Payment on its way", owner=treasurer, waiting_on="the bank")
    SENT = State("sent", "With the bank", owner=treasurer, waiting_on="the bank")
    LATE = State("late", "Not confirmed", owner=treasurer)
    HALTED = State("halted", "Payment halted", owner=treasurer)
    PAID = State("paid", "Paid", final=True)


class Paid(serializers.Serializer):
    reference = serializers.CharField(required=False)


class BankBusy(NotSent):
    """The bank is busy and took nothing."""


class NoAnswer(Unknown):
    """The bank did not answer in time; it may have the payment."""


class AccountRefused(Rejected):
    """The bank refused the account."""


@guard("blocked", "The books are closed.")
def books_are_open(bill):
    return not bill.blocked


PATIENT = Retry(times=4, first=timedelta(minutes=1), cap=timedelta(hours=1))
FAILURES = [BankBusy, NoAnswer, AccountRefused]


def find(bill, run):
    """What the bank knows of it."""
    return remote.call("find", bill, run)


def read_transfer(bill, payload):
    """What the bank's message means."""
    if payload["data"].get("refused"):
        raise AccountRefused
    return {"reference": payload["data"]["reference"]}


@committed(
    retry=PATIENT, carries=["iban"], fails_with=FAILURES, then="settle", otherwise="halt",
    probe=find, owner=treasurer,
)  # fmt: skip
def pay_once(bill, run):
    """Pay it; a person decides when it never arrived."""
    return remote.call("pay_once", bill, run)


@committed(
    retry=PATIENT, carries=["iban"], fails_with=FAILURES, then="settle", otherwise="halt",
    probe=find, resend_after_probe=True, settle=timedelta(minutes=5),
    doubt_deadline=timedelta(hours=2), owner=treasurer,
)  # fmt: skip
def pay_surely(bill, run):
    """Pay it, and again when it never arrived."""
    return remote.call("pay_surely", bill, run)


@committed(retry=PATIENT, fails_with=FAILURES, then="settle", owner=treasurer)
def pay_blindly(bill, run):
    """Pay where nobody can be asked."""
    return remote.call("pay_blindly", bill, run)


@committed(
    retry=PATIENT, carries=["iban"], fails_with=FAILURES, accepted_then="send", then="settle",
    otherwise="halt", probe=find, owner=treasurer,
    confirmed_by=External(
        "bank", type="transfer.settled", read=read_transfer, within=timedelta(days=3),
        otherwise="chase",
    ),
)  # fmt: skip
def transfer(bill, run):
    """Transfer it; it is paid when the bank says so."""
    return remote.call("transfer", bill, run)


@keyed(
    retry=Retry(times=3, first=timedelta(seconds=2)), fails_with=FAILURES, then="settle",
    otherwise="halt", probe=find,
    confirmed_by=External(every=timedelta(minutes=10), within=timedelta(hours=1)),
)  # fmt: skip
def order(bill, run):
    """Give an order, and ask from time to time how it stands."""
    return remote.call("order", bill, run)


class BillWorkflow(Workflow, states=Stage, seen_by=treasurer):
    @transition(
        source=[Stage.OPEN, Stage.HALTED], target=Stage.PAYING, by=treasurer, effects=[pay_once]
    )
    def pay(self, cmd):
        """Pay it."""

    @transition(source=Stage.OPEN, target=Stage.PAYING, by=treasurer, effects=[pay_surely])
    def pay_for_sure(self, cmd):
        """Pay it, and again if it got lost."""

    @transition(source=Stage.OPEN, target=Stage.PAYING, by=treasurer, effects=[pay_blindly])
    def pay_in_the_dark(self, cmd):
        """Pay it where nobody can be asked."""

    @transition(source=Stage.OPEN, target=Stage.PAYING, by=treasurer, effects=[transfer])
    def give_away(self, cmd):
        """Have the bank transfer it."""

    @transition(source=Stage.OPEN, target=Stage.PAYING, by=treasurer, effects=[order])
    def place_order(self, cmd):
        """Order it."""

    @transition(source=Stage.PAYING, target=Stage.SENT, by=SYSTEM, guards=[books_are_open])
    def send(self, cmd):
        """The bank has it."""

    @transition(source=[Stage.PAYING, Stage.SENT], target=Stage.LATE, by=SYSTEM)
    def chase(self, cmd):
        """Ask the bank where it is."""

    @transition(
        source=[Stage.PAYING, Stage.SENT, Stage.LATE], target=Stage.PAID, by=SYSTEM, data=Paid
    )
    def settle(self, cmd):
        """It is paid."""
        self.reference = cmd.data.get("reference", "")

    @transition(source=[Stage.PAYING, Stage.SENT, Stage.LATE], target=Stage.HALTED, by=SYSTEM)
    def halt(self, cmd):
        """It cannot be paid."""
        self.trouble = cmd.cause.failure.code

    @transition(source="*", target=Stage.HALTED, by=treasurer)
    def stop(self, cmd):
        """Have nothing more done."""


class Bill(BillWorkflow, WorkflowModel):
    """A bill."""

    title = models.CharField(max_length=100)
    iban = models.CharField(max_length=50, blank=True)
    reference = models.CharField(max_length=50, blank=True)
    trouble = models.CharField(max_length=50, blank=True)
    blocked = models.BooleanField(default=False)
    status = StatusField(Stage)
    history = WorkflowHistory()

    class Meta:
        permissions = (("pay_bill", "Can pay bills"),)

    def __str__(self):
        return self.title
