"""One JSON request to somebody outside, and whether it certainly never left."""

import json
import os
from dataclasses import dataclass
from datetime import timedelta
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlsplit


class NotReached(Exception):
    """Nobody took the request: it certainly did not happen."""


class NoAnswer(Exception):
    """The request left and no answer came: it may have happened."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: dict[str, Any]
    retry_after: timedelta | None


def post(url: str, body: dict[str, Any], *, key: str, within: timedelta) -> Answer:
    """Send the body under an idempotency key. Raises NotReached or NoAnswer."""
    connection = _connect(url, within)
    try:
        connection.request("POST", urlsplit(url).path, json.dumps(body), _headers(key))
        return _read(connection.getresponse())
    except (OSError, HTTPException, ValueError) as error:
        raise NoAnswer(str(error)) from error
    finally:
        connection.close()


def _connect(url: str, within: timedelta) -> HTTPConnection:
    address = urlsplit(url)
    connection = HTTPConnection(
        address.hostname or "", address.port, timeout=within.total_seconds()
    )
    try:
        connection.connect()
    except OSError as error:
        raise NotReached(str(error)) from error
    return connection


def _headers(key: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "User-Agent": f"claims-demo (process {os.getpid()})",
    }


def _read(response: HTTPResponse) -> Answer:
    text = response.read()
    body = json.loads(text) if text else {}
    if not isinstance(body, dict):
        raise ValueError("The answer is no JSON object.")
    seconds = response.headers.get("Retry-After", "")
    return Answer(
        status=response.status,
        body=body,
        retry_after=timedelta(seconds=int(seconds)) if seconds.isdigit() else None,
    )
