"""The body of a command: read once, and what is wrong with it is said when its turn has come."""

from typing import Any

from django.conf import settings
from rest_framework import exceptions, status
from rest_framework.request import Request


class TooLarge(exceptions.APIException):
    """The body is larger than this site reads."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"

    def __init__(self, at_most: int) -> None:
        super().__init__(f"A body has at most {at_most} bytes here.")


#: What is wrong before anybody looks into the body.
UNREADABLE = (exceptions.UnsupportedMediaType, TooLarge)


def read_body(request: Request) -> Any:
    """The parsed body, or the exception that tells what is wrong with it."""
    at_most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if at_most is not None and length_of(request) > at_most:
        return TooLarge(at_most)
    try:
        return request.data
    except (exceptions.UnsupportedMediaType, exceptions.ParseError) as error:
        return error
    except RecursionError:
        return exceptions.ParseError("The body is nested too deeply.")


def length_of(request: Request) -> int:
    """How many bytes the client announces."""
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
