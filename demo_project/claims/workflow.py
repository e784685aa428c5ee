"""The insurance-claim workflow. This file is the contract: read it top to bottom.

A claimant hands a claim in, a reviewer accepts it within a day or a senior reviewer gets it, the
bank pays it once and confirms it, and the claimant is told at every turn. A payment the bank will
not make stands halted until finance sends it again; one that is under way when the claim is
withdrawn is called back.
"""

from datetime import timedelta
from decimal import Decimal

from rest_framework import serializers

from workflows_app import (
    SYSTEM,
    After,
    External,
    NotSent,
    Rejected,
    Retry,
    Role,
    State,
    States,
    Unknown,
    Workflow,
    accepted,
    committed,
    guard,
    replay_safe,
    transition,
)

from . import bank, mail

# People: who may act, and who owns a state. Combine with | & ~.
claimant = Role("the claimant", column="claimant")
reviewer = Role("a reviewer", "claims.review_claim")
senior = Role("a senior reviewer", "claims.review_any_claim")
finance = Role("finance", "claims.settle_claim")
staff = Role("staff", "claims.view_claim")


# States: stored value, what people read, who has to act next, how long it may last, and which
# columns people may still edit. A draft is its claimant's to edit.
class Status(States):
    DRAFT = State("draft", "Draft", owner=claimant, initial=True)
    REVIEW = State(
        "review",
        "Being reviewed",
        owner=reviewer,
        deadline=After(timedelta(hours=24), then="escalate"),
        editable={claimant: ["iban"]},
    )
    ESCALATED = State(
        "escalated", "With a senior reviewer", owner=senior, editable={claimant: ["iban"]}
    )
    PAYING = State("paying", "Payment on its way", owner=finance, waiting_on="the bank")
    HALTED = State(
        "halted", "Payment halted", owner=finance, editable={claimant | finance: ["iban"]}
    )
    PAID = State("paid", "Paid", final=True)
    REJECTED = State("rejected", "Rejected", final=True)
    CANCELLED = State("cancelled", "Withdrawn", final=True, cancelled=True)


# Data: what a command must bring.
class Approval(serializers.Serializer):
    payout = serializers.DecimalField(max_digits=10, decimal_places=2, min_value=1)


class Rejection(serializers.Serializer):
    reason = serializers.CharField(max_length=500)


class Settlement(serializers.Serializer):
    reference = serializers.CharField()


# Guards: a plain yes/no about the claim, and the reason people see for the no.
@guard("documents_missing", "Attach at least one document first.")
def has_documents(claim):
    return claim.documents > 0


@guard("account_missing", "Enter the account number the money should go to.")
def has_account(claim):
    return bool(claim.iban)


# Failures: the typed ways an effect may go wrong. NotSent: it certainly did not happen. Unknown:
# it may have. Rejected: it never will. The docstring is the message, the class name the code.
class BankBusy(NotSent):
    """The bank is busy and took nothing."""


class NoAnswer(Unknown):
    """The bank did not answer in time; it may have the transfer."""


class AccountRefused(Rejected):
    """The bank refused the account number."""


class RecallRefused(Rejected):
    """The bank cannot call the transfer back."""


class MailerBusy(NotSent):
    """The mail server is busy and took nothing."""


class MailboxRefused(Rejected):
    """The mailbox does not exist."""


# Effects: what happens outside the database, after the commit.
@replay_safe(
    retry=Retry(times=10),
    timeout=timedelta(seconds=5),
    fails_with=[MailerBusy, MailboxRefused],
)
def tell_claimant(claim, run):
    """Mail the claimant where the claim stands."""
    try:
        mail.send(
            "claim_status", to=claim.claimant.email, claim=claim, key=run.key, within=run.remaining
        )
    except mail.Busy as error:
        raise MailerBusy from error
    except mail.Refused as error:
        raise MailboxRefused from error


@replay_safe(
    retry=Retry(times=10),
    timeout=timedelta(seconds=5),
    fails_with=[BankBusy, NoAnswer, RecallRefused],
    owner=finance,
)
def recall_payment(claim, run):
    """Ask the bank to call the transfer back; to ask again is harmless."""
    try:
        bank.recall(key=run.undoes.key, within=run.remaining)
    except bank.Busy as error:
        raise BankBusy(retry_after=error.retry_after) from error
    except bank.TimedOut as error:
        raise NoAnswer from error
    except bank.Refused as error:
        raise RecallRefused from error


def find_payment(claim, run):
    """After a crash: does the bank know it? The same language as the handler's."""
    transfer = bank.find(run.key)
    if transfer is None:
        raise BankBusy  # never arrived: NotSent
    return accepted(transfer.reference)


def read_transfer(claim, payload):
    """What the bank's message means: done, or one of the failures above."""
    if payload["data"]["state"] == "refused":
        raise AccountRefused
    return {"reference": payload["data"]["reference"]}


@committed(  # it counts once: what may have left is never sent again unasked
    retry=Retry(times=6, first=timedelta(seconds=2), cap=timedelta(hours=2)),
    timeout=timedelta(seconds=5),
    carries=["iban", "payout"],  # frozen into the run at the commit: run.data
    fails_with=[BankBusy, NoAnswer, AccountRefused],
    confirmed_by=External(
        "bank", type="transfer.settled", read=read_transfer, within=timedelta(days=3)
    ),
    then="settle",
    otherwise="halt",
    undo=recall_payment,
    probe=find_payment,
    owner=finance,
)
def pay_out(claim, run):
    """Transfer the payout to the claimant, once."""
    try:
        reference = bank.transfer(
            to=run.data["iban"], amount=run.data["payout"], key=run.key, within=run.remaining
        )
    except bank.Busy as error:
        raise BankBusy(retry_after=error.retry_after) from error
    except bank.TimedOut as error:
        raise NoAnswer from error
    except bank.Refused as error:
        raise AccountRefused from error
    return accepted(reference)  # done only when the bank's signed message says so


# Transitions: the only ways a claim moves. A body changes rows of this database, nothing else.
class ClaimWorkflow(
    Workflow, states=Status, seen_by=claimant | staff, override=senior, secret=["iban"]
):
    payout: Decimal
    rejection: str

    @transition(source=Status.DRAFT, target=Status.REVIEW, by=claimant, guards=[has_documents])
    def submit(self, cmd):
        """Hand the claim to the reviewers."""

    @transition(source=Status.REVIEW, target=Status.ESCALATED, by=reviewer | SYSTEM)
    def escalate(self, cmd):
        """Pass the claim to a senior reviewer."""

    @transition(
        source=[Status.REVIEW, Status.ESCALATED],
        target=Status.PAYING,
        by=(reviewer | senior) & ~claimant,
        data=Approval,
        guards=[has_account],
        effects=[pay_out, tell_claimant],
    )
    def approve(self, cmd):
        """Accept the claim and start the payment."""
        self.payout = cmd.data["payout"]

    @transition(
        source=[Status.REVIEW, Status.ESCALATED],
        target=Status.REJECTED,
        by=(reviewer | senior) & ~claimant,
        data=Rejection,
        effects=[tell_claimant],
    )
    def reject(self, cmd):
        """Turn the claim down, with the reason the claimant reads."""
        self.rejection = cmd.data["reason"]

    @transition(
        source=Status.PAYING,
        target=Status.PAID,
        by=SYSTEM,
        data=Settlement,
        effects=[tell_claimant],
    )
    def settle(self, cmd):
        """The bank has paid."""

    @transition(source=Status.PAYING, target=Status.HALTED, by=SYSTEM)
    def halt(self, cmd):
        """The bank will not pay; finance decides."""

    @transition(
        source=Status.HALTED,
        target=Status.PAYING,
        by=finance,
        guards=[has_account],
        effects=[pay_out],
    )
    def pay_again(self, cmd):
        """Send the payment once more, as a new transfer."""

    @transition(
        source=[Status.DRAFT, Status.REVIEW, Status.ESCALATED, Status.PAYING, Status.HALTED],
        target=Status.CANCELLED,
        by=claimant | senior,
        supersedes=[pay_out],
        effects=[tell_claimant],
    )
    def cancel(self, cmd):
        """Withdraw the claim; a payment that has left already is called back."""

    @transition(source=[Status.REJECTED, Status.CANCELLED], target=Status.REVIEW, by=senior)
    def reopen(self, cmd):
        """Look at the claim again."""
