"""A queue between processes that survives the SIGKILL of any reader or writer.

Each message is one datagram of one byte, and the datagram carries a file that holds the pickle.
The kernel hands a datagram to one reader, whole, or to nobody: there is no lock that the dead
could keep and no stream that could get out of step. Counting the bytes counts the messages.
"""

import array
import errno
import fcntl
import os
import pickle  # what is read here was written by a process of the same cluster
import socket
import termios
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import IO, Any

ONE_MESSAGE = b"."
MOST_FILES = 8
FULL_REST = timedelta(milliseconds=10)
CLOSED = -1


class OpenFile:
    """An open file that travels: put into a queue it leaves this process with the message."""

    def __init__(self, descriptor: int = CLOSED) -> None:
        self._descriptor = descriptor

    @property
    def closed(self) -> bool:
        """Whether it went elsewhere or was given back."""
        return self._descriptor == CLOSED

    def fileno(self) -> int:
        """The file descriptor, as long as the file is open here."""
        return self._descriptor

    def close(self) -> None:
        """Give it back; doing so again does nothing."""
        descriptor, self._descriptor = self._descriptor, CLOSED
        if descriptor != CLOSED:
            os.close(descriptor)

    def __del__(self) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        # A descriptor means nothing in another process: only a queue can move an open file.
        return type(self), ()


class Queue:
    """What ``multiprocessing.Queue`` is to django-q2: ``put``, ``get``, ``qsize``, ``empty``.

    ``maxsize`` is for whoever fetches (``full``); ``put`` itself waits only for the kernel.
    """

    def __init__(self, maxsize: int = 0) -> None:
        self.maxsize = maxsize
        self._reader, self._writer = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def put(self, item: Any) -> None:
        """Append a picklable item; open files in it move along."""
        with os.fdopen(os.memfd_create("workflows-message"), "wb") as body:
            passengers = _write(item, body)
            body.flush()
            self._send([body.fileno(), *(file.fileno() for file in passengers)])
        for file in passengers:
            file.close()

    def _send(self, descriptors: Sequence[int]) -> None:
        while True:
            try:
                socket.send_fds(self._writer, [ONE_MESSAGE], descriptors)
            except OSError as error:
                if error.errno != errno.ETOOMANYREFS:  # too many files of ours are under way
                    raise
                time.sleep(FULL_REST.total_seconds())
            else:
                return

    def get(self) -> Any:
        """Wait for the next item and take it."""
        _, (body, *passengers), _, _ = socket.recv_fds(
            self._reader, len(ONE_MESSAGE), MOST_FILES, socket.MSG_CMSG_CLOEXEC
        )
        with os.fdopen(body, "rb") as message:
            message.seek(0)  # the writer's position came along
            return _Reader(message, passengers).load()

    def qsize(self) -> int:
        """How many items wait."""
        if self._reader.fileno() == CLOSED:
            return 0
        waiting = array.array("i", [0])
        fcntl.ioctl(self._reader, termios.FIONREAD, waiting)
        return waiting[0]

    def empty(self) -> bool:
        """Whether nothing waits."""
        return self.qsize() == 0

    def full(self) -> bool:
        """Whether as much waits as should."""
        return 0 < self.maxsize <= self.qsize()

    def close(self) -> None:
        """Let go of it in this process; what waits stays for the others."""
        self._reader.close()
        self._writer.close()

    def join_thread(self) -> None:
        """Nothing to wait for: an item is under way when ``put`` returns."""


def _write(item: Any, body: IO[bytes]) -> list[OpenFile]:
    writer = _Writer(body, pickle.HIGHEST_PROTOCOL)
    writer.dump(item)
    return writer.passengers


class _Writer(pickle.Pickler):
    """Notes the open files of an item and writes their number in their place."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.passengers: list[OpenFile] = []

    def persistent_id(self, obj: Any) -> Any:
        if not isinstance(obj, OpenFile) or obj.closed:
            return None
        self.passengers.append(obj)
        return type(obj), len(self.passengers) - 1


class _Reader(pickle.Unpickler):
    """Puts the open files that came with a message where they were."""

    def __init__(self, body: IO[bytes], passengers: Sequence[int]) -> None:
        super().__init__(body)
        self._passengers = passengers

    def persistent_load(self, pid: Any) -> OpenFile:
        kind, place = pid
        file: OpenFile = kind(self._passengers[place])
        return file
