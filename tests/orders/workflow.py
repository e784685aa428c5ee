"""An order's way: what it asks for outside may be called off and taken back."""

from datetime import timedelta

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
    replay_safe,
    transition,
)

clerk = Role("a clerk", "orders.handle_order")
chief = Role("a chief", "orders.override_order")
staff = Role("staff", "orders.view_order")


class Status(States):
    OPEN = State("open", "Open", owner=clerk, initial=True)
    CHARGING = State("charging", "Being charged", owner=clerk)
    PAID = State("paid", "Paid", owner=clerk)
    HALTED = State("halted", "Halted", owner=clerk)
    SENT = State("sent", "Sent", required=["address"], final=True)
    CANCELLED = State("cancelled", "Called off", final=True, cancelled=True)


class Packing(States):
    LOOSE = State("loose", "Loose", owner=clerk, initial=True)
    PACKED = State("packed", "Packed", final=True)


class Busy(NotSent):
    """They are busy and took nothing."""


class Silent(Unknown):
    """They did not answer; they may have it."""


class No(Rejected):
    """They refuse it."""


FAILURES = [Busy, Silent, No]
QUICK = Retry(times=3, first=timedelta(seconds=2))


@keyed(retry=QUICK, fails_with=FAILURES, carries=["address"], owner=clerk, then="refunded")
def refund(order, run):
    """Give the money back."""


@committed(
    retry=QUICK, fails_with=FAILURES, then="charged", otherwise="halt", undo=refund, owner=chief
)
def charge(order, run):
    """Take the money."""


@keyed(retry=QUICK, fails_with=FAILURES, owner=clerk)
def release(order, run):
    """Give the goods back to the shelf."""


@keyed(retry=QUICK, fails_with=FAILURES, undo=release, owner=clerk)
def reserve(order, run):
    """Put the goods aside."""


@replay_safe(retry=QUICK, fails_with=FAILURES)
def unlist(order, run):
    """Take it from the list."""


@replay_safe(retry=QUICK, fails_with=FAILURES, undo=unlist, owner=chief)
def enlist(order, run):
    """Put it on the list."""


@keyed(retry=QUICK, fails_with=FAILURES, owner=clerk)
def unbook(order, run):
    """Call the courier off."""


def read_answer(order, payload):
    """What a message of the courier or the ferry means."""
    if payload["data"].get("refused"):
        raise No
    return payload["data"]


@keyed(
    retry=QUICK, fails_with=FAILURES, undo=unbook, undo_waiting=True, owner=clerk,
    confirmed_by=External("bank", type="booking.answered", read=read_answer),
)  # fmt: skip
def book(order, run):
    """Book a courier, who confirms later."""


@keyed(retry=QUICK, fails_with=FAILURES, owner=clerk)
def return_ticket(order, run):
    """Give the ticket back."""


def find_ticket(order, run):
    """What the ferry knows of the ticket."""


@committed(
    retry=QUICK, fails_with=FAILURES, carries=["address"], then="ticketed", undo=return_ticket,
    probe=find_ticket, owner=clerk,
    confirmed_by=External("bank", type="ticket.answered", read=read_answer),
)  # fmt: skip
def buy_ticket(order, run):
    """Buy a ticket for the ferry, which confirms later."""


@replay_safe(retry=QUICK, fails_with=FAILURES)
def tell(order, run):
    """Tell the customer."""


@keyed(retry=QUICK, fails_with=FAILURES, owner=clerk)
def wrap(order, run):
    """Have it wrapped."""


@guard("address_missing", "Enter the address first.")
def has_address(order):
    return bool(order.address)


class OrderWorkflow(Workflow, states=Status, seen_by=staff, override=chief):
    @transition(source=Status.OPEN, target=Status.CHARGING, by=clerk, effects=[charge])
    def buy(self, cmd):
        """Charge the card."""

    @transition(source=Status.CHARGING, target=Status.PAID, by=SYSTEM)
    def charged(self, cmd):
        """The money is there."""

    @transition(source=Status.CHARGING, target=Status.HALTED, by=SYSTEM)
    def halt(self, cmd):
        """There is no money."""

    @transition(source="*", target=None, by=clerk, effects=[reserve])
    def put_aside(self, cmd):
        """Reserve the goods."""

    @transition(source="*", target=None, by=clerk, effects=[enlist])
    def show(self, cmd):
        """Show it on the list."""

    @transition(source="*", target=None, by=clerk, effects=[book])
    def arrange(self, cmd):
        """Have it fetched."""

    @transition(source="*", target=None, by=clerk, effects=[buy_ticket])
    def ship(self, cmd):
        """Have it shipped."""

    @transition(source="*", target=None, by=SYSTEM)
    def ticketed(self, cmd):
        """There is a ticket."""

    @transition(source=Status.CHARGING, target=None, by=clerk, effects=[charge])
    def charge_more(self, cmd):
        """Charge the card once more."""

    @transition(source=Status.PAID, target=Status.SENT, by=clerk, guards=[has_address])
    def send(self, cmd):
        """Send it off."""

    @transition(
        source="*",
        target=Status.CANCELLED,
        by=clerk | SYSTEM,
        effects=[tell],
        supersedes=[charge, reserve, enlist, book, buy_ticket],
    )
    def cancel(self, cmd):
        """Call it off; what is done stays done."""

    @transition(source="*", target=Status.CANCELLED, by=clerk, undoes=[charge, reserve, enlist])
    def take_back(self, cmd):
        """Call it off, and undo what was done."""

    @transition(source="*", target=None, by=clerk, effects=[reserve], supersedes="*")
    def start_over(self, cmd):
        """End all that is open, and reserve anew."""

    @transition(source=[Status.CANCELLED, Status.OPEN], target=None, by=clerk, supersedes=[refund])
    def keep_money(self, cmd):
        """Do not refund after all."""

    @transition(source=Status.CANCELLED, target=Status.OPEN, by=clerk)
    def reopen(self, cmd):
        """Take it up again."""

    @transition(
        source=[Status.OPEN, Status.CHARGING, Status.PAID, Status.HALTED, Status.CANCELLED],
        target=None,
        by=SYSTEM,
    )
    def refunded(self, cmd):
        """The money is back."""


class PackingWorkflow(Workflow, states=Packing, seen_by=staff, field="packing"):
    @transition(source=Packing.LOOSE, target=Packing.PACKED, by=clerk, effects=[wrap])
    def pack(self, cmd):
        """Pack it."""
