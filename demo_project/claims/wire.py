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
    """What came back: JSON."""

    status: int
    body: Any
    retry_after: timedelta | None


def post(url: str, body: dict[str, Any], *, key: str, within: timedelta) -> Answer:
    """Send the body under an idempotency key. Raises NotReached or NoAnswer."""
    return _ask("POST", url, json.dumps(body), {"Idempotency-Key": key}, within)


def get(url: str, *, within: timedelta) -> Answer:
    """Ask without changing anything. Raises NotReached or NoAnswer."""
    return _ask("GET", url, None, {}, within)


def _ask(
    method: str, url: str, body: str | None, headers: dict[str, str], within: timedelta
) -> Answer:
    connection = _connect(url, within)
    path = url.removeprefix(f"http://{urlsplit(url).netloc}")
    try:
        connection.request(method, path, body, _headers() | headers)
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


def _headers() -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": f"claims-demo (process {os.getpid()})",
    }


def _read(response: HTTPResponse) -> Answer:
    text = response.read()
    seconds = response.headers.get("Retry-After", "")
    return Answer(
        status=response.status,
        body=json.loads(text) if text else {},
        retry_after=timedelta(seconds=int(seconds)) if seconds.isdigit() else None,
    )
