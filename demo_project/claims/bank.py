"""The bank, as the claims see it: transfer, find and recall by key, and its three ways to fail."""

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from django.conf import settings

from . import wire

SOON = timedelta(seconds=5)


class Busy(Exception):
    """The bank took nothing: it could not be reached, or said so itself."""

    def __init__(self, *, retry_after: timedelta | None = None) -> None:
        super().__init__()
        self.retry_after = retry_after


class TimedOut(Exception):
    """No usable answer: the bank may have done it."""


class Refused(Exception):
    """The bank will never do this."""


@dataclass(frozen=True)
class Transfer:
    """What the bank knows of a transfer."""

    reference: str
    state: str  # "accepted", "settled", "refused" or "recalled"


def transfer(*, to: str, amount: str, key: str, within: timedelta = SOON) -> str:
    """Transfer the amount and return the bank's reference. Raises Busy, TimedOut or Refused.

    The bank accepts it now, and says with a signed message when it is settled.
    """
    order = {"to": to, "amount": amount}
    return _order("transfers", order, key=key, within=within).reference


def recall(*, key: str, within: timedelta = SOON) -> Transfer:
    """Call the transfer of this key back; again is once. Raises Busy, TimedOut or Refused."""
    return _order("recalls", {"key": key}, key=key, within=within)


def find(key: str, *, within: timedelta = SOON) -> Transfer | None:
    """What the bank knows of the transfer of this key; None if it never got it.

    Raises Busy or TimedOut: then nobody knows.
    """
    answer = _asked(f"transfers?key={quote(key)}", within)
    if answer.status != 200 or not isinstance(answer.body, list):
        raise TimedOut(f"The bank answered {answer.status}.")
    return _read(answer.body[0]) if answer.body else None


def _order(what: str, order: dict[str, str], *, key: str, within: timedelta) -> Transfer:
    try:
        answer = wire.post(f"{settings.BANK_URL}/bank/{what}", order, key=key, within=within)
    except wire.NotReached as error:
        raise Busy from error
    except wire.NoAnswer as error:
        raise TimedOut from error
    match answer.status:
        case 200 | 201:
            return _read(answer.body)
        case 409 | 429 | 503:
            raise Busy(retry_after=answer.retry_after)
        case 404 | 422:
            raise Refused(str(answer.body))
        case _:
            raise TimedOut(f"The bank answered {answer.status}.")


def _asked(what: str, within: timedelta) -> wire.Answer:
    try:
        return wire.get(f"{settings.BANK_URL}/bank/{what}", within=within)
    except wire.NotReached as error:
        raise Busy from error
    except wire.NoAnswer as error:
        raise TimedOut from error


def _read(told: object) -> Transfer:
    """The bank's own record. Raises TimedOut for an answer in other words."""
    match told:
        case {"reference": str(reference), "state": str(state)}:
            return Transfer(reference, state)
        case _:
            raise TimedOut("The bank answered in words of its own.")
