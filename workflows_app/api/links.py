"""Addresses: where an operation or an object is found, seen from this request."""

import re
from typing import Any
from urllib.parse import unquote

from django.urls import NoReverseMatch, reverse
from rest_framework.request import Request

OPERATION = "workflows-operation-detail"

#: The names under which routers serve the objects of a type, noted as the routes are built.
_basenames: dict[str, list[str]] = {}


def note_basename(object_type: str, basename: str) -> None:
    """Remember under which name the objects of this type are served."""
    known = _basenames.setdefault(object_type, [])
    if basename not in known:
        known.append(basename)


def basenames_of(object_type: str) -> tuple[str, ...]:
    """The names under which routers serve the objects of a type; none if no view set does."""
    return tuple(_basenames.get(object_type, ()))


def key_in_address(part: str) -> str:
    """The key that stands in an address: what ``address_of_key`` made of it."""
    return _ESCAPED.sub(lambda found: unquote(found[0]), part)


def address_of_key(key: str) -> str:
    """A key as one part of an address, which is quoted once more as a whole.

    A slash would divide it, and a part of dots is taken for a way up.
    """
    escaped = key.replace("%", "%25").replace("/", "%2F")
    return escaped if escaped.strip(".") else escaped.replace(".", "%2E")


_ESCAPED = re.compile("%25|%2F|%2E")


def operation_url(request: Request, operation_id: Any) -> str | None:
    """The absolute address of an operation; None if the project does not serve operations."""
    return url_of(request, OPERATION, pk=operation_id)


def object_url(request: Request, object_type: str, object_id: str) -> str | None:
    """The absolute address of an object; None if no view set serves its model."""
    names = (f"{basename}-detail" for basename in basenames_of(object_type))
    return next(filter(None, (url_of(request, name, pk=object_id) for name in names)), None)


def url_of(request: Request, name: str, **kwargs: Any) -> str | None:
    """The absolute address behind a name, looked for from the request's own namespace outwards."""
    spaces = list(request.resolver_match.namespaces) if request.resolver_match else []
    named = {word: address_of_key(str(value)) for word, value in kwargs.items()}
    for length in range(len(spaces), -1, -1):
        try:
            path = reverse(":".join([*spaces[:length], name]), kwargs=named)
        except NoReverseMatch:
            continue
        return str(request.build_absolute_uri(path))
    return None
