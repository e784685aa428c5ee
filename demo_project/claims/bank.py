"""The bank, as the claims see it: one transfer under one key, and its three ways to fail."""

from datetime import timedelta

from django.conf import settings

from . import wire


class Busy(Exception):
    """The bank took nothing: it could not be reached, or said so itself."""

    def __init__(self, *, retry_after: timedelta | None = None) -> None:
        super().__init__()
        self.retry_after = retry_after


class TimedOut(Exception):
    """No usable answer: the bank may have the transfer."""


class Refused(Exception):
    """The bank will never make this transfer."""


def transfer(*, to: str, amount: str, key: str, within: timedelta) -> str:
    """Transfer the amount and return the bank's reference. Raises Busy, TimedOut or Refused.

    The same key is the same transfer, however often it is sent.
    """
    order = {"to": to, "amount": amount}
    try:
        answer = wire.post(f"{settings.BANK_URL}/bank/transfers", order, key=key, within=within)
    except wire.NotReached as error:
        raise Busy from error
    except wire.NoAnswer as error:
        raise TimedOut from error
    match answer.status:
        case 200 | 201 if answer.body.get("reference"):
            return str(answer.body["reference"])
        case 429 | 503:
            raise Busy(retry_after=answer.retry_after)
        case 422:
            raise Refused(answer.body.get("detail", ""))
        case _:
            raise TimedOut(f"The bank answered {answer.status}.")
