"""How fast tokens may follow one another, so that work nobody can claim does not spin the fleet."""

import sys
import time
from datetime import timedelta

NOW = timedelta(0)
SLOWEST = timedelta(seconds=1)
MOST_DOUBLINGS = 10


class Pace:
    """At once after a token that found work, else a step apart, then slower and slower.

    Slower after so many useless ones; without ``free_tries`` never, for those who cannot tell.
    """

    def __init__(self, *, step: timedelta, free_tries: int = sys.maxsize) -> None:
        self._step = step
        self._free_tries = free_tries
        self._useless = 0
        self._useful = 0
        self._next = 0.0

    def until_next(self, useful: int) -> timedelta:
        """How long the next token has to wait; ``useful`` changes when one found work."""
        if useful != self._useful:
            self._useful = useful
            self._next = 0.0
            self.ease()
        return max(NOW, timedelta(seconds=self._next - time.monotonic()))

    def note_token(self) -> None:
        """One went out: the next waits until this one may have claimed what is due."""
        self._useless += 1
        doublings = min(max(0, self._useless - self._free_tries), MOST_DOUBLINGS)
        pause = min(self._step * (1 << doublings), SLOWEST)
        self._next = time.monotonic() + pause.total_seconds()

    def ease(self) -> None:
        """Nothing is left over, so whatever comes next is new."""
        self._useless = 0
