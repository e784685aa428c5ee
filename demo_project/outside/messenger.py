"""The messenger: what became of a transfer is written down first, then told until it is heard."""

import json
import sqlite3
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from standardwebhooks import Webhook

from .books import Books, Entry

SETTLED = "transfer.settled"  # the type of a message, whichever way the transfer was settled
SENDERS = 4  # what is told twice is told side by side
LOOK_EVERY = 0.5  # seconds
AGAIN_AFTER = 1.0  # seconds, when nobody heard it
MOST_TRIES = 200
TIME_OUT = 10.0  # seconds
NEVER = 1e12  # a due time nobody lives to see


class Messenger:
    """Sends signed messages (Standard Webhooks) to one address; without one nobody is told."""

    def __init__(self, books: Books, address: str, secret: str) -> None:
        self.address, self._secret, self._books = address, secret, books
        self._work = threading.Condition()
        self._stopped = False
        for _ in range(SENDERS):
            threading.Thread(target=self._tell_what_is_due, daemon=True).start()

    def plan(self, transfer: Entry, state: str, *, after: timedelta, times: int) -> None:
        """After so much time the transfer is settled this way, and a message says so."""
        message, told = f"msg_{uuid4().hex}", {**transfer.as_json(), "state": state}
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        data = {name: told.get(name) for name in ("reference", "key", "state", "amount")}
        row = {
            "message": message,
            "entry": transfer.id,
            "state": state,
            "body": json.dumps({"type": SETTLED, "timestamp": at, "data": data}),
            "due": time.time() + after.total_seconds(),
            "at": at,
        }
        for _ in range(times):
            self._books.rows(
                "INSERT INTO messages (message, entry, state, body, due, at)"
                " VALUES (:message, :entry, :state, :body, :due, :at)",
                row,
            )
        with self._work:
            self._work.notify_all()

    def about(self, transfer: Entry) -> list[dict[str, Any]]:
        """The messages about this transfer, planned ones too."""
        return self._messages("WHERE entry = :entry ORDER BY id", {"entry": transfer.id})

    def messages(self, *, latest: int = -1) -> list[dict[str, Any]]:
        """The messages, newest first; so many of the latest, or all."""
        return self._messages("ORDER BY id DESC LIMIT :latest", {"latest": latest})

    def wait_until_heard(self, transfer: Entry, at_most: timedelta) -> None:
        """Return when everything about this transfer was heard, or the time is over."""
        ends = time.monotonic() + at_most.total_seconds()
        while self.address and time.monotonic() < ends:
            if all(message["heard"] for message in self.about(transfer)):
                return
            time.sleep(0.02)

    def stop(self) -> None:
        """Tell nobody anything any more."""
        with self._work:
            self._stopped = True
            self._work.notify_all()

    def _messages(self, which: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        rows = self._books.rows(f"SELECT * FROM messages {which}", values)  # noqa: S608  words of ours
        return [dict(row) | {"body": json.loads(row["body"])} for row in rows]

    def _tell_what_is_due(self) -> None:
        with suppress(sqlite3.ProgrammingError):  # the books were shut meanwhile
            while not self._stopped:
                if row := self._take():
                    self._books.move(row["entry"], "accepted", row["state"])
                    self._note(row, self._tell(row) if self.address else None)
                else:
                    self._rest()

    def _rest(self) -> None:
        with self._work:  # looked at under the lock: what is planned meanwhile wakes us
            (soonest,) = self._books.rows("SELECT MIN(due) FROM messages WHERE heard = 0", {})
            self._work.wait(min(LOOK_EVERY, max(0.005, (soonest[0] or NEVER) - time.time())))

    def _take(self) -> sqlite3.Row | None:
        """A message that is due. If we die now, it is due again later: our table is an outbox."""
        taken = self._books.rows(
            "UPDATE messages SET due = :later, tries = tries + 1 WHERE id ="
            " (SELECT id FROM messages WHERE heard = 0 AND due <= :now ORDER BY due LIMIT 1)"
            " RETURNING *",
            {"now": time.time(), "later": time.time() + 2 * TIME_OUT},
        )
        return taken[0] if taken else None

    def _tell(self, row: sqlite3.Row) -> int | None:
        """The status of the answer; None if there was none."""
        address, now = urlsplit(self.address), datetime.now(UTC)
        headers = {
            "Content-Type": "application/json",
            "webhook-id": row["message"],
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self._secret).sign(row["message"], now, row["body"]),
        }
        connection = HTTPConnection(address.netloc, timeout=TIME_OUT)
        try:
            connection.request("POST", address.path, row["body"], headers)
            return connection.getresponse().status
        except (OSError, HTTPException):
            return None
        finally:
            connection.close()

    def _note(self, row: sqlite3.Row, status: int | None) -> None:
        heard = status is not None and 200 <= status < 300
        hopeless = not self.address or row["tries"] >= MOST_TRIES
        self._books.rows(
            "UPDATE messages SET status = :status, heard = :heard, due = :due WHERE id = :id",
            {
                "status": status,
                "heard": heard,
                "due": NEVER if hopeless else time.time() + AGAIN_AFTER,
                "id": row["id"],
            },
        )
