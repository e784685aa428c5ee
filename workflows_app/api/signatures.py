"""Signatures: who may send to an endpoint proves it as Standard Webhooks say.

The door to the package standardwebhooks, which decides; what it does not tell apart is told here.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils import timezone
from rest_framework import exceptions, status

from .problems import SIGNATURE_INVALID, TIMESTAMP_OUT_OF_RANGE, Problem

SECONDS_OF_TOLERANCE = 300


class HeaderMissing(exceptions.APIException):
    """A message was sent without one of the headers that sign it."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "webhook_header_missing"


class HeaderInvalid(exceptions.APIException):
    """A header that signs a message is malformed, or was sent twice."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "webhook_header_invalid"


@dataclass(frozen=True)
class Signed:
    """The headers that sign a message."""

    id: str
    timestamp: str
    signature: str

    @property
    def is_in_time(self) -> bool:
        """Whether it was signed within five minutes of now."""
        return abs(timezone.now().timestamp() - int(self.timestamp)) <= SECONDS_OF_TOLERANCE


def signed_by(headers: Mapping[str, str]) -> Signed:
    """The headers that sign a message, well formed. Raises HeaderMissing and HeaderInvalid."""
    found = {}
    for name, pattern in _PATTERNS.items():
        value = headers.get(f"webhook-{name}", "").strip()
        if not value:
            raise HeaderMissing(f"Send the header webhook-{name}, once.")
        if not pattern.fullmatch(value):
            raise HeaderInvalid(f"The header webhook-{name} is malformed, or was sent twice.")
        found[name] = value
    return Signed(**found)


#: Stricter than the package, which reads any float as a time and stumbles over odd signatures.
#: An id holds no comma, with which servers join a header that came twice.
_PATTERNS = {
    "id": re.compile(r"[A-Za-z0-9._:~+/=@-]{1,255}"),
    "timestamp": re.compile(r"[0-9]{1,11}"),
    "signature": re.compile(r"v[0-9]+[a-z]?,[A-Za-z0-9+/_=-]+( +v[0-9]+[a-z]?,[A-Za-z0-9+/_=-]+)*"),
}


def refuse_forged(body: bytes, signed: Signed, secrets: Iterable[str]) -> None:
    """None of the secrets has signed exactly these bytes, now."""
    if not signed.is_in_time:
        raise Problem(
            TIMESTAMP_OUT_OF_RANGE,
            f"webhook-timestamp is more than {SECONDS_OF_TOLERANCE} seconds from now.",
        )
    if not any(_has_signed(secret, body, signed) for secret in secrets):
        raise Problem(SIGNATURE_INVALID, "No secret of this endpoint has signed these bytes.")


def _has_signed(secret: str, body: bytes, signed: Signed) -> bool:
    from standardwebhooks import Webhook, WebhookVerificationError  # an extra: only on demand

    ours = [one for one in signed.signature.split() if one.startswith("v1,")]
    headers = {
        "webhook-id": signed.id,
        "webhook-timestamp": signed.timestamp,
        "webhook-signature": " ".join(ours),
    }
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):  # no base64, or no UTF-8
        return False
    return True
