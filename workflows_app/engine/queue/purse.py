"""The tokens that one worker command may have out, counted by the kernel.

A token that is out is an open, locked file (its receipt), which travels with the task. Wherever
the task is lost (in the queue, or with a process killed before, while or after it drains) the
kernel closes the file and the token is back. So the count cannot leak.
"""

import fcntl
import os
from multiprocessing.sharedctypes import RawValue
from typing import Any

from .messages import OpenFile


class Receipt(OpenFile):
    """One token that is out, for as long as this file is open anywhere."""


class Purse:
    """So many tokens, shared by all processes that are forked after it was made."""

    def __init__(self, size: int) -> None:
        self._files = [
            os.fdopen(os.memfd_create(f"workflows-token-{number}"), "wb") for number in range(size)
        ]
        self._useful: Any = RawValue("L", 0)

    def take(self) -> Receipt | None:
        """The receipt of a free token, or None when all are out."""
        return next(filter(None, map(_locked, self._files)), None)

    def note_useful(self) -> None:
        """A token found work. Two at once may count as one: only the change matters."""
        self._useful.value += 1

    @property
    def useful(self) -> int:
        """Changes whenever a token has found work."""
        count: int = self._useful.value
        return count

    def close(self) -> None:
        """Let go of it in this process."""
        for file in self._files:
            file.close()


def _locked(file: Any) -> Receipt | None:
    # Opened anew: the lock belongs to this opening of the file, not to a process.
    receipt = Receipt(os.open(f"/proc/self/fd/{file.fileno()}", os.O_RDWR | os.O_CLOEXEC))
    try:
        fcntl.flock(receipt.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        receipt.close()
        return None
    return receipt
