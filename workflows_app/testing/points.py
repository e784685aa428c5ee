"""Points: where in a command's and an effect's life a process may be killed, paused or cut off.

They are found from outside, by the statements and commits that pass: see ``statements``.
"""

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .handlers import looking_on
from .statements import between


@dataclass(frozen=True)
class Statement:
    """A point of one's own: right after (or before) a statement that holds all these texts."""

    parts: tuple[str, ...]
    before: bool = False


#: Every named point, with what is true there. W: the windows of a crash that it stands for.
POINTS = {
    "object.locked": "The object's row is locked: whoever wants it waits (W10).",
    "command.written": "A command has written everything and not committed.",
    "command.committed": "A command is committed; neither client nor worker knows (W1, W2).",
    "claim.committed": "A worker has claimed runs; no handler has begun (W5).",
    "send.unmarked": "A committed effect is about to be marked as sent (W5, W11, W14).",
    "send.marked": "It is marked as sent; nothing has been sent (W6, W12).",
    "handler.begun": "The handler begins; nothing has been sent (W5, W11, W13).",
    "handler.ended": "The remote has answered; nothing is stored (W7, W8).",
    "question.taken": "A worker is about to ask what became of a run.",
    "probe.begun": "The probe begins; nothing has been asked.",
    "probe.ended": "The remote has answered the probe; nothing is stored.",
    "answer.written": "What the probe has said is written, not committed.",
    "answer.committed": "What the probe has said is committed; the worker does not know (W9).",
    "run.locked": "The run is locked under its fence; its outcome is not written (W11).",
    "settle.written": "Outcome, follow-up and next of the lane are written, not committed (W8).",
    "settle.committed": "The outcome is committed; the worker does not know (W9).",
    "rescue.written": "A lost lease is taken away, not committed.",
    "rescue.committed": "A lost lease is taken away; nobody has been woken (W2).",
}

Point = str | Statement


def statement(*parts: str, before: bool = False) -> Statement:
    """A point of one's own: after, or before, a statement that holds all these texts."""
    return Statement(parts, before)


@contextmanager
def watching(
    point: Point, arrive: Callable[[Any], None], *, only_here: bool = False
) -> Iterator[None]:
    """Call ``arrive(connection)`` (None in a handler) whenever somebody comes to the point.

    ``only_here``: in this thread. Raises ValueError for a point that does not exist.
    """
    if isinstance(point, str) and point not in POINTS:
        raise ValueError(f"There is no point {point!r}. There are {', '.join(POINTS)}.")
    watch = _Watch(point, arrive, threading.get_ident() if only_here else None)
    with between(watch, watch.commit, only_here=only_here), looking_on(watch.handler):
        yield


class _Watch:
    """Knows where each connection is by what it has written in its transaction."""

    def __init__(
        self, point: Point, arrive: Callable[[Any], None], only_thread: int | None
    ) -> None:
        self._point, self._arrive, self._only_thread = point, arrive, only_thread
        self._written: dict[Any, set[str]] = {}  # by connection: the marks of its transaction

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any
    ) -> Any:
        connection = context["connection"]
        if isinstance(self._point, Statement):
            return self._round(connection, sql, lambda: execute(sql, params, many, context))
        # SQLite commits a lone statement when its rows are read: it is over when the next begins.
        if not connection.in_atomic_block and (step := self._step_of(connection)):
            self._at(f"{step}.committed", connection)
        if _MARKS_SENT.search(str(sql)):
            self._at("send.unmarked", connection)
        result = execute(sql, params, many, context)
        for mark in _marks_of(str(sql), params):
            self._written.setdefault(connection, set()).add(mark)
            self._at(mark, connection)
        return result

    def commit(self, connection: Any, commit: Callable[[], None]) -> None:
        """Round a commit."""
        step = self._step_of(connection)
        if step:
            self._at(f"{step}.written", connection)
        commit()
        if step:
            self._at(f"{step}.committed", connection)

    def handler(self, name: str) -> None:
        """Told by the handlers."""
        self._at(name, None)

    def _round(self, connection: Any, sql: str, execute: Callable[[], Any]) -> Any:
        here = isinstance(self._point, Statement) and all(one in sql for one in self._point.parts)
        before = isinstance(self._point, Statement) and self._point.before
        if here and before:
            self._at(self._point, connection)
        result = execute()
        if here and not before:
            self._at(self._point, connection)
        return result

    def _at(self, point: Point, connection: Any) -> None:
        if self._only_thread in (None, threading.get_ident()) and point == self._point:
            self._arrive(connection)

    def _step_of(self, connection: Any) -> str | None:
        written = self._written.pop(connection, set())
        return next(
            (one for one in ("rescue", "settle", "answer", "claim", "command") if one in written),
            None,
        )


def _marks_of(sql: str, params: Any) -> Iterable[str]:
    """What a statement does, as far as it tells of a point."""
    if _LOCKS_OBJECT.search(sql) and "workflows_app_" not in sql:
        yield "object.locked"
    elif _LOCKS_RUN.search(sql):
        yield "run.locked"
    elif _CLAIMS.search(sql):
        yield "claim"
    elif _MARKS_SENT.search(sql):
        yield "send.marked"
    elif _TAKES_QUESTION.search(sql):
        yield "question.taken"
    elif _INSERTS_OPERATION.search(sql):
        yield "command"
    elif _INSERTS_EVENT.search(sql):
        kinds = set(_flat(params))
        if "lease_lost" in kinds:
            yield "rescue"
        elif "probed" in kinds:
            yield "answer"
        elif kinds & {"attempt", "late_answer"}:
            yield "settle"


def _flat(params: Any) -> Iterator[Any]:
    for one in params or ():
        if isinstance(one, list | tuple):
            yield from _flat(one)
        elif isinstance(one, str):
            yield one


_LOCKS_OBJECT = re.compile(r"FOR UPDATE|SET version = version")
_LOCKS_RUN = re.compile(r"UPDATE \W?workflows_app_effectrun\W? SET \W?fence\W? = \S+\s+WHERE")
_CLAIMS = re.compile(
    r"UPDATE \W?workflows_app_effectrun\W? SET .*attempts\W?\)? \+ (1|%s)", re.DOTALL
)
#: Only the marker begins with that column: whoever clears it writes the state first.
_MARKS_SENT = re.compile(r"UPDATE \W?workflows_app_effectrun\W? SET \W?sent_at\W? =")
_TAKES_QUESTION = re.compile(
    r"UPDATE \W?workflows_app_effectrun\W? SET \W?due\W? = .*probes\W?\)? \+ (1|%s)", re.DOTALL
)
_INSERTS_OPERATION = re.compile(r"INSERT INTO \W?workflows_app_operation\W")
_INSERTS_EVENT = re.compile(r"INSERT INTO \W?workflows_app_event\W")
