"""The Idempotency-Key header: one key, quoted or bare."""

import re

from rest_framework.request import Request

from .problems import KEY_INVALID, KEY_MISSING, Problem

# A quoted string of structured fields (RFC 8941); bare, a comma may be a second header's.
_QUOTED = re.compile(r'"((?:[!#-\[\]-~]|\\["\\])*)"')
_BARE = re.compile(r"[!#-+\--~][!-+\--~]*")
_LONGEST = 255


def read_key(request: Request) -> str | Problem:
    """The key, or the problem with it, to be raised when its turn has come."""
    header = request.headers.get("Idempotency-Key")
    if header is None:
        return Problem(KEY_MISSING, 'Send a new Idempotency-Key with every command, like "8e03".')
    key = _unquoted(header.strip())
    if key is None or not 1 <= len(key) <= _LONGEST:
        return Problem(
            KEY_INVALID,
            f"Send one Idempotency-Key of 1 to {_LONGEST} visible ASCII characters,"
            " in double quotes if there is a comma in it.",
        )
    return key


def _unquoted(header: str) -> str | None:
    if quoted := _QUOTED.fullmatch(header):
        return re.sub(r"\\(.)", r"\1", quoted[1])
    return header if _BARE.fullmatch(header) else None
