"""Crashes: a process is killed, a thread stands still, a connection breaks, at a point."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from django.db import OperationalError, connections

from .handlers import looking_on
from .points import Point, watching
from .statements import between

LIMIT_SECONDS = 60
MOST_POINTS = 150

Subject = TypeVar("Subject")


def killed(live: Callable[[], Any], *, at: Point) -> bool:
    """Run ``live()`` in a forked process that is killed (SIGKILL) where it comes to the point.

    Returns whether it came there; if not, it has ended by itself. Needs a database that another
    process can open, and no open transaction: pytest-django's ``transactional_db``.
    """

    def die(connection: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def body() -> None:
        with watching(at, die):
            live()

    return _dies(body)


def killed_everywhere(
    prepare: Callable[[], Subject], live: Callable[[Subject], Any]
) -> Iterator[tuple[Subject, bool]]:
    """Run ``live(subject)`` in a process that dies at its first point, one that dies at its second,
    and so on to one that ends by itself; each with a subject of its own from ``prepare()``.

    What is durable changes at a commit, and every commit lies between two statements: to be killed
    before each statement in turn, and before and after each handler, is to be killed wherever it
    matters. Yields each subject with whether its process was killed.
    """
    for at in range(1, MOST_POINTS):
        subject = prepare()
        killed_there = _dies(_dying_at(at, live, subject))
        if at == 1 and not killed_there:
            raise AssertionError("It came to no statement and no handler at all.")
        yield subject, killed_there
        if not killed_there:
            return
    raise AssertionError(f"More than {MOST_POINTS} points.")


class Pause:
    """Stops the thread that comes to a point first, until somebody lets it go on."""

    def __init__(self, at: Point) -> None:
        self._point = at
        self._reached, self._go = threading.Event(), threading.Event()

    @contextmanager
    def here(self) -> Iterator[None]:
        """Where the thread does its work that is to be stopped."""
        with watching(self._point, self._stop, only_here=True):
            yield

    def wait_until_reached(self) -> None:
        """Called by the others: returns when the thread stands there."""
        if not self._reached.wait(LIMIT_SECONDS):
            raise AssertionError(f"Nobody came to {self._point}.")

    def let_go(self) -> None:
        """Called by the others: the thread goes on."""
        self._go.set()

    def _stop(self, connection: Any) -> None:
        if self._reached.is_set():
            return
        self._reached.set()
        if not self._go.wait(LIMIT_SECONDS):
            raise AssertionError(f"Nobody lets go of {self._point}.")


@contextmanager
def cut(*, at: Point, using: str = "default") -> Iterator[None]:
    """The server ends the session of whoever comes to the point first.

    His next statement fails; after a commit he hears of the failure in its stead, and does not
    know that it came through. Raises AssertionError when nobody came. Not for SQLite, which has
    no connection to lose.
    """
    if connections[using].vendor == "sqlite":
        raise RuntimeError("SQLite has no connection that could be cut.")
    came: list[Any] = []

    def break_off(connection: Any) -> None:
        if came:
            return
        came.append(at)
        _end_session(connection or connections[using])
        if isinstance(at, str) and at.endswith((".committed", ".marked")):
            raise OperationalError(f"The connection was cut at {at}.")

    try:
        with watching(at, break_off):
            yield
    finally:
        _forget_broken_connections()
    if not came:
        raise AssertionError(f"Nobody came to {at}.")


def _end_session(connection: Any) -> None:
    connection.ensure_connection()
    driver = connection.connection
    if connection.vendor == "mysql":
        sql = f"KILL {driver.thread_id()}"
    else:
        sql = "SELECT pg_terminate_backend(pg_backend_pid())"
    with suppress(connection.Database.Error), driver.cursor() as cursor:
        cursor.execute(sql)


def _forget_broken_connections() -> None:
    """As the next request or the next task of a worker would find this thread's."""
    for connection in connections.all(initialized_only=True):
        open_ = connection.connection is not None and not connection.in_atomic_block
        if open_ and not connection.is_usable():
            connection.close()


def _dying_at(number: int, live: Callable[[Subject], Any], subject: Subject) -> Callable[[], None]:
    left = [number]

    def step(*args: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def before_each(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        step()
        return execute(sql, params, many, context)

    def body() -> None:
        with between(before_each), looking_on(step):
            live(subject)

    return body


def _dies(body: Callable[[], None]) -> bool:
    """Run it in a forked process; whether that was killed."""
    _refuse_what_no_process_shares()
    connections.close_all()  # a child shares no connection with us
    process = multiprocessing.get_context("fork").Process(target=_live, args=(body,))
    process.start()
    try:
        process.join(LIMIT_SECONDS)
        if process.exitcode not in (0, -signal.SIGKILL):
            raise AssertionError(f"The process ended with {process.exitcode}.")
        return process.exitcode != 0
    finally:
        process.kill()
        process.join()
        process.close()


def _live(body: Callable[[], None]) -> None:
    body()
    connections.close_all()


def _refuse_what_no_process_shares() -> None:
    for connection in connections.all(initialized_only=True):
        if connection.in_atomic_block:
            raise RuntimeError("Another process sees no open transaction: use transactional_db.")
        if connection.vendor == "sqlite" and connection.is_in_memory_db():  # type: ignore[attr-defined]
            raise RuntimeError(
                "Another process sees no database in memory: give the test database a file,"
                ' DATABASES["default"]["TEST"] = {"NAME": ...}.'
            )
