"""The mail server, as the claims see it: texts for people, and its two ways to fail."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.template.loader import render_to_string

from . import wire

if TYPE_CHECKING:
    from .models import Claim


class Busy(Exception):
    """The message was not taken, or nobody can say: it may be sent again."""


class Refused(Exception):
    """There is no such mailbox."""


def send(template: str, *, to: str, claim: "Claim", key: str, within: timedelta) -> None:
    """Send the claimant the text of this template. Raises Busy or Refused."""
    text = render_to_string(f"claims/mail/{template}.txt", {"claim": claim})
    subject, _, body = text.strip().partition("\n")
    message = {"to": to, "subject": subject, "body": body.strip()}
    try:
        answer = wire.post(f"{settings.MAIL_URL}/mail/messages", message, key=key, within=within)
    except (wire.NotReached, wire.NoAnswer) as error:
        raise Busy from error
    match answer.status:
        case 200 | 201:
            return
        case 422:
            raise Refused(str(answer.body))
        case _:
            raise Busy(f"The mail server answered {answer.status}.")
