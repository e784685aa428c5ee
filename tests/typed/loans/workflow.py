"""The contract of a loan, with everything typed."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from rest_framework import serializers

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
    guard,
    keyed,
    replay_safe,
    signed_in,
    transition,
)

if TYPE_CHECKING:
    from workflows_app.engine import Command, Run

    from .models import Loan

reader = Role("the reader", column="reader")
librarian = Role("a librarian", "loans.lend_book")


class Status(States):
    WANTED = State("wanted", "Wanted", owner=librarian, initial=True)
    SENDING = State("sending", "On its way", owner=librarian, waiting_on="the courier")
    LENT = State("lent", "Lent", owner=reader, required=["shelf_mark"])
    BACK = State("back", "Back on the shelf", final=True)
    DROPPED = State("dropped", "No longer wanted", final=True, cancelled=True)


class Shelf(serializers.Serializer[Any]):
    shelf_mark = serializers.CharField(max_length=20)


@guard("fees_open", "Pay the open fees first.")
def owes_nothing(loan: "Loan") -> bool:
    return loan.fees == 0


@guard("too_late", "It is too late for that.")
def in_time(loan: "Loan", cmd: "Command") -> bool:
    return loan.status_since is not None and cmd.now >= loan.status_since


class CourierBusy(NotSent):
    """The courier is busy and took nothing."""


class NoAnswer(Unknown):
    """The courier did not answer in time; he may have the book."""


class NoSuchAddress(Rejected):
    """The courier does not know the address."""


@replay_safe()
def tell_reader(loan: "Loan", run: "Run") -> None:
    """Tell the reader where the book is."""


@keyed(
    window=timedelta(days=2),
    retry=Retry(times=10, first=timedelta(seconds=30)),
    carries=["address"],
    fails_with=[CourierBusy, NoAnswer, NoSuchAddress],
    then="hand_out",
    otherwise="drop",
)
def send_book(loan: "Loan", run: "Run") -> dict[str, Any]:
    """Give the book to the courier, once."""
    if not run.data["address"]:
        raise NoSuchAddress(address="")
    return {"parcel": f"order {run.key}"}


class LoanWorkflow(Workflow, states=Status, seen_by=reader | librarian, secret=["address"]):
    shelf_mark: Any
    reader: Any
    status_since: datetime | None

    @transition(source=None, target=Status.WANTED, by=signed_in)
    def wish(self, cmd: "Command") -> None:
        """Ask for a book."""
        self.reader = cmd.actor.user

    @transition(
        source=Status.WANTED,
        target=Status.SENDING,
        by=librarian & ~reader,
        data=Shelf,
        guards=[owes_nothing, in_time],
        effects=[send_book, tell_reader],
    )
    def lend(self, cmd: "Command") -> None:
        """Take the book from the shelf and send it."""
        self.shelf_mark = cmd.data["shelf_mark"]

    @transition(source=Status.SENDING, target=Status.LENT, by=SYSTEM)
    def hand_out(self, cmd: "Command") -> None:
        """The courier has the book."""

    @transition(
        source=[Status.WANTED, Status.SENDING],
        target=Status.DROPPED,
        by=reader | SYSTEM,
        effects={Status.DROPPED: [tell_reader]},
    )
    def drop(self, cmd: "Command") -> None:
        """Give the wish up."""

    @transition(source=Status.LENT, target=[Status.BACK, None], by=librarian)
    def inspect(self, cmd: "Command") -> State | None:
        """Look at what came back; what is not whole stays lent."""
        return Status.BACK if self.shelf_mark else None
