"""Turns: attempts and questions share the threads of a drain, and neither waits for ever."""

import time

from workflows_app.models import EffectRun

from .ask import take
from .threads import Threads

LOOK_EVERY_SECONDS = 0.2


class Turns:
    """When a drain looks for runs to be asked for: now and then, and never twice running.

    So a thread that was free for a question is free for an attempt next. How many questions
    there are at once, the threads say.
    """

    def __init__(self, using: str, threads: Threads) -> None:
        self._using, self._threads = using, threads
        self._next = 0.0  # monotonic seconds
        self._asked = False
        #: Whether the last look was one for questions.
        self.looked = False

    def take(self) -> list[EffectRun]:
        """The runs to be asked for now, if it is their turn."""
        self.looked = not self._asked and time.monotonic() >= self._next
        runs = take(self._using, self._threads.free_to_ask) if self.looked else []
        if self.looked:
            self._next = time.monotonic() + LOOK_EVERY_SECONDS
        if self._threads.free > 0:
            self._asked = bool(runs)
        return runs

    def look_next(self) -> None:
        """Nothing else is left: let the next look be one for questions."""
        self._next, self._asked = 0.0, False
