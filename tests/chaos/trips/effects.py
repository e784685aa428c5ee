"""What happens outside for a trip, and how it may fail. Every pause is short: seconds, not days."""

from datetime import timedelta

from workflows_app import (
    External,
    NotSent,
    Rejected,
    Retry,
    Role,
    Unknown,
    accepted,
    committed,
    keyed,
    replay_safe,
)

from . import company

customer = Role("the customer", column="customer")
clerk = Role("a clerk", "trips.change_trip")


class Busy(NotSent):
    """They took nothing."""


class Silent(Unknown):
    """They did not answer; they may have done it."""


class Refused(Rejected):
    """They will not do it."""


QUICK = {
    "retry": Retry(
        times=12,
        first=timedelta(seconds=0.2),
        cap=timedelta(seconds=2),
        give_up_after=timedelta(hours=1),
    ),
    "timeout": timedelta(seconds=1.5),
    "fails_with": [Busy, Silent, Refused],
}


def ask(service, trip, run):
    """Have it done, in the language of a handler."""
    try:
        return company.ask(service, trip, run)
    except company.Busy as error:
        raise Busy from error
    except company.Refused as error:
        raise Refused from error
    except company.Silent as error:
        raise Silent from error


@keyed(**QUICK, owner=clerk)
def release(trip, run):
    """Give the seat back."""
    return {"reference": ask("release", trip, run)}


@keyed(**QUICK, then="book", otherwise="halt", undo=release, owner=clerk)
def reserve(trip, run):
    """Reserve a seat; the carrier knows its keys."""
    return {"reference": ask("reserve", trip, run)}


@keyed(**QUICK, owner=clerk)
def refund(trip, run):
    """Give the money back."""
    return {"reference": ask("refund", trip, run)}


def find_charge(trip, run):
    """What the bank knows of it."""
    try:
        found = company.find("charge", run)
    except company.Silent:
        return None
    if found is None:
        raise Busy
    return meaning(found)


def read_charge(trip, payload):
    """What a message of the bank means."""
    return meaning(payload["data"])


def meaning(told):
    """Of what the bank says of a charge."""
    if told["state"] == "refused":
        raise Refused
    if told["state"] == "pending":
        return accepted(told["reference"])
    return {"reference": told["reference"]}


@committed(
    **QUICK,
    settle=timedelta(seconds=8),  # longer than anybody is frozen
    resend_after_probe=True,
    doubt_deadline=timedelta(seconds=40),
    carries=["price"],
    probe=find_charge,
    confirmed_by=External(
        "bank",
        type=["charge.settled", "charge.refused"],
        read=read_charge,
        within=timedelta(seconds=12),
    ),
    then="settle",
    otherwise="fail",
    undo=refund,
    owner=clerk,
)
def charge(trip, run):
    """Charge the card; the bank knows no key again."""
    return accepted(ask("charge", trip, run))


@keyed(**QUICK, owner=clerk)
def ticket(trip, run):
    """Print the ticket."""
    ask("ticket", trip, run)


@replay_safe(**QUICK)
def insure(trip, run):
    """Insure it; without is no harm."""
    ask("tell", trip, run)


@replay_safe(**QUICK, owner=clerk, max_running=2, per=lambda trip: trip.pk % 4)
def tell(trip, run):
    """Tell the customer where it stands; twice is no harm, too many at once is."""
    ask("tell", trip, run)


@replay_safe(**QUICK)
def score(trip, run):
    """Count it somewhere."""
    ask("score", trip, run)


@replay_safe(**QUICK)
def remind(trip, run):
    """Ask the customer to pay."""
    ask("tell", trip, run)
