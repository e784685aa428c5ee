"""A process that is killed between any two of its statements.

What is durable changes at a commit, and every commit lies between two statements: to be killed
before each statement in turn, and at each step of a handler, is to be killed wherever it matters.
"""

import os
import signal

from django.db import connections
from django.db.backends.signals import connection_created

from tests.engine.queue.forks import FORK

LIMIT_SECONDS = 30
MOST_POINTS = 150


def killed_at_every_point(prepare, live):
    """Run ``live(subject, fatal)`` in a process that dies at its first point, one that dies at its
    second, and so on to one that ends by itself; each with its own ``subject`` from ``prepare()``.

    Yields every subject with whether its process was killed.
    """
    for at in range(1, MOST_POINTS):
        subject = prepare()
        killed = _run_and_kill(lambda fatal, subject=subject: live(subject, fatal), at)
        yield subject, killed
        if not killed:
            assert at > 5, "there was hardly anything to kill"
            return
    raise AssertionError(f"more than {MOST_POINTS} points")


class Fatal:
    """Kills its process at point number ``at``; every statement of any connection is one."""

    def __init__(self, at):
        self._left = at

    def step(self):
        """A point at which to die."""
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def __call__(self, execute, sql, params, many, context):
        self.step()
        return execute(sql, params, many, context)

    def watch(self, connection, **kwargs):
        """Receiver of ``connection_created``."""
        connection.execute_wrappers.append(self)


def _run_and_kill(live, at):
    connections.close_all()  # a child shares no connection with us
    process = FORK.Process(target=_live, args=(live, Fatal(at)))
    process.start()
    try:
        process.join(LIMIT_SECONDS)
        assert process.exitcode in (0, -signal.SIGKILL), f"it ended with {process.exitcode}"
        return process.exitcode != 0
    finally:
        process.kill()
        process.join()
        process.close()


def _live(live, fatal):
    connection_created.connect(fatal.watch)
    live(fatal)
    connections.close_all()
