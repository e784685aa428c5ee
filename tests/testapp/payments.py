"""A payment by card that messages from outside run."""

from datetime import timedelta

from django.db import models
from rest_framework import serializers

from workflows_app import (
    SYSTEM,
    External,
    NotSent,
    Rejected,
    Role,
    State,
    States,
    Unknown,
    Workflow,
    accepted,
    committed,
    guard,
    on_message,
    transition,
)
from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

from . import remote

clerk = Role("a clerk", "testapp.handle_parcel")


class Ledger(States):
    OPEN = State("open", "Open", owner=clerk, initial=True)
    PAYING = State("paying", "Being paid", owner=clerk, waiting_on="the bank")
    UNPAID = State("unpaid", "Not paid", owner=clerk)
    PAID = State("paid", "Paid", owner=None)
    DISPUTED = State("disputed", "Disputed", owner=clerk)


class Issue(serializers.Serializer):
    card = serializers.CharField(max_length=50)
    amount = serializers.IntegerField(min_value=1)


class Settled(serializers.Serializer):
    reference = serializers.CharField(required=False)


class Dispute(serializers.Serializer):
    why = serializers.CharField()


@guard("frozen", "The payment is frozen.")
def not_frozen(payment):
    return not payment.frozen


def by_card(payload):
    return {"card": payload["data"]["card"]}


class BankBusy(NotSent):
    """The bank is busy and took nothing."""


class NoAnswer(Unknown):
    """The bank did not answer in time; it may have the order."""


class CardRefused(Rejected):
    """The bank refused the card."""


def reference_of(payload):
    """Where our bank puts its reference."""
    return payload["data"]["transfer"]


def read_transfer(payment, payload):
    """What the bank's message means."""
    data = payload["data"]
    said = {"refused": CardRefused, "lost": BankBusy, "unclear": NoAnswer}
    if data["state"] in said:
        raise said[data["state"]]
    if data["state"] == "pending":
        return accepted()
    return {"settled": {"reference": data["transfer"]}, "odd": 7}[data["state"]]


def find_transfer(payment, run):
    """What the bank knows of it."""
    return remote.call("find_transfer", payment, run)


@committed(
    fails_with=[BankBusy, NoAnswer, CardRefused],
    confirmed_by=External(
        "bank", type=["transfer.settled", "transfer.refused"], ref=reference_of,
        read=read_transfer, within=timedelta(days=3),
    ),
    then="settle",
    otherwise="fail",
    probe=find_transfer,
    owner=clerk,
)  # fmt: skip
def collect(payment, run):
    """Have the bank collect it, once."""
    return remote.call("collect", payment, run)


class PaymentWorkflow(Workflow, states=Ledger, seen_by=clerk, secret=["card"]):
    @on_message("payment.issued", endpoint="bank")
    @transition(source=None, target=Ledger.OPEN, by=clerk | SYSTEM, data=Issue)
    def issue(self, cmd):
        """Write the payment."""
        self.card, self.amount = cmd.data["card"], cmd.data["amount"]

    @transition(
        source=[Ledger.OPEN, Ledger.UNPAID], target=Ledger.PAYING, by=clerk, effects=[collect]
    )
    def pay(self, cmd):
        """Have it paid."""

    @transition(source=Ledger.PAYING, target=Ledger.PAID, by=SYSTEM, data=Settled)
    def settle(self, cmd):
        """It is paid."""
        self.reference = cmd.data.get("reference", "")

    @transition(source=Ledger.PAYING, target=Ledger.UNPAID, by=SYSTEM)
    def fail(self, cmd):
        """It was not paid."""
        self.trouble = cmd.cause.failure.code

    @transition(source=Ledger.DISPUTED, target=Ledger.UNPAID, by=clerk)
    def give_in(self, cmd):
        """Believe the holder of the card."""

    @on_message("card.charged", finds=by_card)
    @transition(source=[Ledger.OPEN, Ledger.UNPAID], target=Ledger.PAID, by=SYSTEM)
    def charged(self, cmd):
        """The card was charged by somebody else."""

    @on_message(
        ["card.disputed", "card.chargeback"],
        endpoint="bank",
        finds=by_card,
        data=lambda payload: {"why": payload["data"]["reason"], "more": 1},
    )
    @transition(
        source=Ledger.PAID, target=Ledger.DISPUTED, by=clerk | SYSTEM, data=Dispute,
        guards=[not_frozen],
    )  # fmt: skip
    def dispute(self, cmd):
        """The holder of the card disputes the payment."""
        self.trouble = cmd.data["why"]


class Payment(PaymentWorkflow, WorkflowModel):
    """A payment."""

    card = models.CharField(max_length=50)
    amount = models.PositiveIntegerField(default=1)
    reference = models.CharField(max_length=50, blank=True)
    trouble = models.CharField(max_length=200, blank=True)
    frozen = models.BooleanField(default=False)
    status = StatusField(Ledger)
    history = WorkflowHistory()

    def __str__(self):
        return f"payment {self.pk}"
