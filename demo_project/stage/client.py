"""One person's HTTP client: every request with a token, every answer as it came."""

import json
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

SECONDS = 20


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Message
    body: Any


@dataclass(frozen=True)
class Client:
    """Somebody at the API of the site; without a name, nobody."""

    site: str
    name: str = ""

    def get(self, path: str) -> Answer:
        """GET; also of another server's address."""
        return self._send("GET", path, None, {})

    def put(self, path: str, body: Any) -> Answer:
        """PUT."""
        return self._send("PUT", path, body, {})

    def post(self, path: str, body: Any, *, key: str, if_match: str | None = None) -> Answer:
        """POST under an idempotency key; with ``if_match``, only to the version that was seen."""
        wanted = {} if if_match is None else {"If-Match": if_match}
        return self._send("POST", path, body, {"Idempotency-Key": key, **wanted})

    def _send(self, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        connection = HTTPConnection(urlsplit(self.site).netloc, timeout=SECONDS)
        try:
            text = None if body is None else json.dumps(body)
            connection.request(method, path, text, {**self._headers(), **headers})
            response = connection.getresponse()
            told = response.read()
            return Answer(response.status, response.headers, json.loads(told) if told else None)
        finally:
            connection.close()

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self.name:
            headers["Authorization"] = f"Token demo-{self.name}"
        return headers


def state_in(answer: Answer) -> Any:
    """The state of the object that came back."""
    return answer.body["object"]["workflow"]["state"]
