"""The books of the outside world: what it accepted under which key, what it heard and said."""

import json
import sqlite3
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

TABLES = """
CREATE TABLE IF NOT EXISTS accepted (
    id INTEGER PRIMARY KEY, company TEXT, key TEXT, body TEXT, at TEXT, calls INTEGER DEFAULT 1,
    state TEXT DEFAULT 'accepted'
);
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, company TEXT, at TEXT, method TEXT, path TEXT, key TEXT, caller TEXT,
    fault TEXT, status INTEGER
);
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY, message TEXT, entry INTEGER, state TEXT, body TEXT, due REAL,
    tries INTEGER DEFAULT 0, at TEXT, status INTEGER, heard INTEGER DEFAULT 0
);
CREATE INDEX IF NOT EXISTS accepted_by_key ON accepted (company, key);
CREATE INDEX IF NOT EXISTS messages_by_due ON messages (heard, due);
CREATE INDEX IF NOT EXISTS messages_by_entry ON messages (entry);
"""


@dataclass(frozen=True)
class Entry:
    """One thing a company accepted."""

    id: int
    company: str
    key: str
    body: dict[str, Any]
    at: str
    calls: int  # how often it was asked for
    state: str  # "accepted", and what became of it later

    @property
    def reference(self) -> str:
        """The company's own name for it."""
        return f"{self.company.upper()}-{self.id:06}"

    def as_json(self) -> dict[str, Any]:
        """The entry as the company answers with it."""
        return {
            "reference": self.reference,
            "key": self.key,
            **self.body,
            "state": self.state,
            "accepted_at": self.at,
            "calls": self.calls,
        }


class KeyReused(Exception):
    """The key came again with another order."""


class Books:
    """One SQLite database, in memory unless a path is given; safe for threads."""

    def __init__(self, path: str = ":memory:") -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._database.row_factory = sqlite3.Row
        self._database.executescript(TABLES)

    def accept(
        self,
        company: str,
        key: str,
        body: Mapping[str, Any],
        *,
        honour_key: bool,
        compare: bool = True,
    ) -> tuple[Entry, bool]:
        """Take an order, and say whether it is new. Raises KeyReused.

        A company that honours keys takes the same order under the same key once; one that does
        not ``compare`` takes whatever comes under an old key for the order it has.
        """
        text = json.dumps(body, sort_keys=True)
        with self._lock:
            earlier = self._earlier(company, key) if honour_key else None
            if earlier is None:
                return self._insert(company, key, text), True
            if compare and earlier["body"] != text:
                raise KeyReused
            return self._count_again(earlier), False

    def entries(self, company: str, key: str | None = None) -> list[Entry]:
        """What the company accepted, oldest first; only under this key, if one is given."""
        rows = self.rows(
            "SELECT * FROM accepted WHERE company = :company"
            " AND (:key IS NULL OR key = :key) ORDER BY id",
            {"company": company, "key": key},
        )
        return [_entry(row) for row in rows]

    def move(self, entry: int, source: str, target: str) -> None:
        """Bring an entry from one state to another, if it is in the first one."""
        self.rows(
            "UPDATE accepted SET state = :target WHERE id = :id AND state = :source",
            {"id": entry, "source": source, "target": target},
        )

    def note_call(self, company: str, method: str, path: str, key: str, caller: str) -> int:
        """Note that a call arrived; returns its number."""
        with self._lock:
            added = self._database.execute(
                "INSERT INTO calls (company, at, method, path, key, caller)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (company, _now(), method, path, key, caller),
            )
            return int(added.lastrowid or 0)

    def note_answer(self, call: int, fault: str | None, status: int | None) -> None:
        """Note how a call was answered; no status if it was not."""
        with self._lock:
            self._database.execute(
                "UPDATE calls SET fault = ?, status = ? WHERE id = ?", (fault, status, call)
            )

    def calls(self, *, latest: int = -1) -> list[dict[str, Any]]:
        """The calls, oldest first; so many of the latest, or all."""
        rows = self.rows("SELECT * FROM calls ORDER BY id DESC LIMIT :latest", {"latest": latest})
        return [dict(row) for row in reversed(rows)]

    def rows(self, query: str, values: Mapping[str, Any]) -> list[sqlite3.Row]:
        """What a query finds, or a statement returns."""
        with self._lock:
            return self._database.execute(query, values).fetchall()

    def close(self) -> None:
        """Shut the books, when whoever is writing has written; nobody may open them again."""
        with self._lock:
            self._database.close()

    def _earlier(self, company: str, key: str) -> Any:
        return self._database.execute(
            "SELECT * FROM accepted WHERE company = ? AND key = ? ORDER BY id", (company, key)
        ).fetchone()

    def _insert(self, company: str, key: str, text: str) -> Entry:
        return _entry(
            self._database.execute(
                "INSERT INTO accepted (company, key, body, at) VALUES (?, ?, ?, ?) RETURNING *",
                (company, key, text, _now()),
            ).fetchall()[0]
        )

    def _count_again(self, earlier: sqlite3.Row) -> Entry:
        return _entry(
            self._database.execute(
                "UPDATE accepted SET calls = calls + 1 WHERE id = ? RETURNING *", (earlier["id"],)
            ).fetchall()[0]
        )


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        id=row["id"],
        company=row["company"],
        key=row["key"],
        body=json.loads(row["body"]),
        at=row["at"],
        calls=row["calls"],
        state=row["state"],
    )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
