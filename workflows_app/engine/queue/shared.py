"""A value and an event shared by processes, neither of which a SIGKILL can leave locked."""

import fcntl
import os
import select
import socket
import time
from datetime import timedelta
from multiprocessing.sharedctypes import RawValue
from types import TracebackType
from typing import Any

PATIENCE = timedelta(seconds=1)
BETWEEN_TRIES = timedelta(milliseconds=1)


class Value:
    """What ``multiprocessing.Value`` is to django-q2: a ``value`` and its ``get_lock()``."""

    def __init__(self, typecode: str, initial: float) -> None:
        self._raw: Any = RawValue(typecode, initial)
        self._lock = RecordLock()

    @property
    def value(self) -> float:
        """What every process reads."""
        current: float = self._raw.value
        return current

    @value.setter
    def value(self, new: float) -> None:
        self._raw.value = new

    def get_lock(self) -> "RecordLock":
        """The lock to hold from reading to writing."""
        return self._lock


class RecordLock:
    """A lock that the kernel takes from the dead.

    Nobody waits for it longer than a second: whoever guards the others must not hang on one of
    them that is frozen while it holds it. What it protects is a countdown, no truth.
    """

    def __init__(self) -> None:
        self._file = os.fdopen(os.memfd_create("workflows-lock"), "wb")

    def __enter__(self) -> None:
        give_up = time.monotonic() + PATIENCE.total_seconds()
        while not self._taken() and time.monotonic() < give_up:
            time.sleep(BETWEEN_TRIES.total_seconds())

    def _taken(self) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN)

    def __del__(self) -> None:
        self._file.close()


class Event:
    """What ``multiprocessing.Event`` is to django-q2: set once, seen by all.

    Its own lives under a lock that a process killed inside ``is_set()`` keeps for ever, and
    ``set()`` waits for every sleeper, the dead too. This one is a byte that nobody reads.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()

    def set(self) -> None:
        """Let it have happened."""
        if not self.is_set():
            self._writer.send(b".")

    def is_set(self) -> bool:
        """Whether it has happened."""
        return self.wait(0)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for it, at most so many seconds, and say whether it has happened."""
        poll = select.poll()
        poll.register(self._reader, select.POLLIN)
        return bool(poll.poll(None if timeout is None else timeout * 1000))

    def close(self) -> None:
        """Let go of it in this process."""
        self._reader.close()
        self._writer.close()
