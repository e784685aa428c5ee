"""Everybody who takes part, each a process of its own that may be killed and is started again."""

import os
import signal
import subprocess
import sys
from contextlib import suppress

from tests.cluster_members import members

PYTHON = sys.executable
END_SECONDS = 15


class Actor:
    """One command line, its log, and its process."""

    def __init__(self, name, command, environment, logs, *, piped=False):
        self.name = name
        self._command, self._environment = [PYTHON, *command], environment
        self._log = logs / f"{name.replace(' ', '-')}.log"
        self._piped = subprocess.PIPE if piped else None
        self.starts = 0
        self.start()

    def start(self):
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                self._command, env=self._environment, stderr=log, text=True,
                stdin=self._piped or subprocess.DEVNULL, stdout=self._piped or log,
            )  # fmt: skip
        self.starts += 1

    @property
    def alive(self):
        return self.process.poll() is None

    def first_line(self):
        """What it says when it is ready."""
        return self.process.stdout.readline().strip()

    def tell(self, line):
        """Give an order on its standard input."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """SIGTERM, and SIGKILL to whom it does not move; its exit code."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            return self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return -signal.SIGKILL

    def members(self):
        """Its living processes by role, if it is a worker."""
        return members(self.process.pid) if self.alive else {}


def environment_with(**more):
    return os.environ | {"DJANGO_SETTINGS_MODULE": "tests.chaos.settings", **more}
