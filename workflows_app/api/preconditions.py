"""Entity tags and preconditions: which version a client has seen (RFC 9110, section 13)."""

import hashlib
import json
import re
from typing import Any

from rest_framework.request import Request
from rest_framework.utils.encoders import JSONEncoder

from .problems import PRECONDITION_INVALID, PRECONDITION_REQUIRED, Problem

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_LIST = re.compile(rf"[\s,]*{_TAG}\s*(?:,\s*(?:{_TAG}\s*)?)*")
_VERSION = re.compile(r'"([0-9]{1,18})(?:\.[^"]*)?"')  # a longer number is no version


def entity_tag(version: int, document: Any) -> str:
    """The strong tag of a document about an object at this version."""
    text = json.dumps(document, cls=JSONEncoder, sort_keys=True)
    return f'"{version}.{hashlib.sha256(text.encode()).hexdigest()[:16]}"'


def read_if_match(request: Request, *, required: bool) -> set[int] | None:
    """The versions the client would accept; None for any.

    Only the version of a tag counts. A weak tag, or one that is not ours, matches nothing.
    Raises Problem for a malformed header, and for a missing one where it is required.
    """
    header = request.headers.get("If-Match")
    if header is None:
        if required:
            raise Problem(
                PRECONDITION_REQUIRED, "Send If-Match with the ETag of the object as you saw it."
            )
        return None
    if header.strip() == "*":
        return None
    if not _LIST.fullmatch(header.strip()):
        raise Problem(
            PRECONDITION_INVALID, 'If-Match is "*" or a list of entity tags in double quotes.'
        )
    tags = re.findall(_TAG, header)
    return {int(found[1]) for tag in tags if (found := _VERSION.fullmatch(tag))}


def is_known(request: Request, tag: str) -> bool:
    """Whether If-None-Match says that the client has this very document."""
    header = request.headers.get("If-None-Match", "")
    known = {known.removeprefix("W/") for known in re.findall(_TAG, header)}
    return header.strip() == "*" or tag in known
