"""Doing things at the same moment: real threads, each with a database connection of its own."""

import threading

from django.db import connections

LIMIT_SECONDS = 30


def at_once(*functions):
    """Run functions in a thread each, begun together; what each returned or raised, in order."""
    return Crowd(len(functions)).do(*functions)


class Crowd:
    """Threads that stay, with their connections, for many rounds: a round costs no set-up."""

    def __init__(self, size):
        self._start = threading.Barrier(size + 1, timeout=LIMIT_SECONDS)
        self._end = threading.Barrier(size + 1, timeout=LIMIT_SECONDS)
        self._functions = [None] * size
        self._outcomes = [None] * size
        self._threads = [threading.Thread(target=self._serve, args=(n,)) for n in range(size)]
        for thread in self._threads:
            thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.go_home()

    def round(self, *functions):
        """Everybody does his function at the same moment; their outcomes in order."""
        self._functions[:] = functions
        self._start.wait()
        self._end.wait()
        return list(self._outcomes)

    def do(self, *functions):
        """A single round."""
        with self:
            return self.round(*functions)

    def go_home(self):
        self._functions[:] = [None] * len(self._functions)
        self._start.wait()
        for thread in self._threads:
            thread.join(LIMIT_SECONDS)
            assert not thread.is_alive()

    def _serve(self, place):
        try:
            while True:
                self._start.wait()
                if self._functions[place] is None:
                    return
                self._outcomes[place] = outcome_of(self._functions[place])
                self._end.wait()
        finally:
            connections.close_all()


def outcome_of(function):
    """What a function returned, or what it raised."""
    try:
        return function()
    except Exception as error:  # noqa: BLE001  whatever it is, the test looks at it
        return error
