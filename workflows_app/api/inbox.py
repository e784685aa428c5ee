"""The inbox over HTTP: whoever can sign may tell us something."""

import json
from typing import Any

from django.conf import settings as django_settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.throttling import BaseThrottle, ScopedRateThrottle

from workflows_app.conf import settings
from workflows_app.engine.inbox import receive
from workflows_app.failures import Invalid
from workflows_app.models import Message, MessageState

from .bodies import TooLarge, length_of
from .conversation import Conversation, Negotiation
from .signatures import refuse_forged, signed_by

SCOPE = "webhooks"


class AlwaysJSON(Negotiation):
    """Senders of webhooks read the status, whatever they say that they accept."""

    def get_accept_list(self, request: Request) -> list[str]:
        """Anything."""
        return ["*/*"]


class InboxView(Conversation):
    """``POST /inbox/{endpoint}/``: no login and no cookie, but a signature over the very bytes."""

    authentication_classes = ()
    permission_classes = []
    content_negotiation_class = AlwaysJSON
    renderer_classes = (JSONRenderer,)
    http_method_names = ["post"]
    throttle_scope = SCOPE

    def post(self, request: Request, endpoint: str) -> Response:
        """Take a message: 200 when it was used, 202 when it is kept until it can be."""
        secrets = _secrets_of(endpoint)
        signed = signed_by(request.headers)
        body = _bytes_of(request)
        refuse_forged(body, signed, secrets)
        payload = _parsed(body)
        try:
            message = receive(endpoint, signed.id, _type_of(payload), payload)
        except Invalid as refusal:
            raise ParseError(refusal.detail) from refusal
        used = message.state == MessageState.MATCHED
        return Response(_document(message), status=200 if used else 202)

    def get_throttles(self) -> list[BaseThrottle]:
        """By the scope ``webhooks`` alone, where the project has a rate for it."""
        return [ScopedRateThrottle()] if SCOPE in api_settings.DEFAULT_THROTTLE_RATES else []


def _secrets_of(endpoint: str) -> list[str]:
    try:
        secrets: list[str] = settings.INBOX[endpoint]["secrets"]
    except KeyError:
        raise Http404 from None
    return secrets


def _bytes_of(request: Request) -> bytes:
    at_most = django_settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if at_most is not None and length_of(request) > at_most:
        raise TooLarge(at_most)
    try:
        body: bytes = request.body
    except RequestDataTooBig as error:
        raise TooLarge(at_most or 0) from error
    return body


def _parsed(body: bytes) -> dict[str, Any]:
    """The payload; one that two programs could read differently is none."""
    try:
        payload = json.loads(
            body.decode(), object_pairs_hook=_each_once, parse_constant=_refuse_constant
        )
    except (ValueError, RecursionError) as error:
        raise ParseError("The body is no JSON (RFC 8259, each name once, UTF-8).") from error
    if not isinstance(payload, dict):
        raise ParseError("A message is a JSON object.")
    return payload


def _each_once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(members)
    if len(read) != len(members):
        raise ValueError("A name stands twice.")
    return read


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON.")


def _type_of(payload: dict[str, Any]) -> str:
    said = payload.get("type", "")
    if not isinstance(said, str):
        raise ParseError("The type of a message is a text.")
    return said


def _document(message: Message) -> dict[str, Any]:
    return {
        "id": str(message.id),
        "message_id": message.message_id,
        "state": message.state,
        "repeated": message.repeated,
        "differed": message.differed,
        "received_at": message.received_at,
    }
