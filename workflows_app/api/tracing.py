"""The traceparent header (W3C Trace Context): kept if it is valid, ignored if it is not."""

import re

from rest_framework.request import Request

_VALID = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def read_traceparent(request: Request) -> str:
    """The caller's trace, or nothing. A later version may say more; its first part is enough."""
    header = request.headers.get("Traceparent", "").strip()
    found = _VALID.match(header)
    if found is None:
        return ""
    rest = header[found.end() :]
    complete = not rest or (rest.startswith("-") and not header.startswith("00"))
    return found[0] if complete else ""
