"""A real `manage.py workflows_worker` in processes of its own, and what tests do to it."""

import subprocess
import sys
from contextlib import contextmanager

from tests.cluster_members import complete, everybody, gone, members, wait_until

START_SECONDS = 30
END_SECONDS = 5


class WorkerProcess:
    """One worker command; `start` again after its main was killed, as an outside supervisor."""

    def __init__(self, environment, *, workers, arguments=()):
        self.workers = workers
        self._environment = environment
        self._command = [sys.executable, "-m", "django", "workflows_worker"]
        self._command += ["--workers", str(workers), *arguments]

    def start(self):
        self.main = subprocess.Popen(self._command, env=self._environment)
        self.wait_until_complete()

    def wait_until_complete(self, seconds=START_SECONDS):
        wait_until(self.is_complete, "every role of the worker is filled", seconds)

    def is_complete(self):
        assert self.main.poll() is None, f"main ended with {self.main.returncode}"
        return complete(self.main.pid, self.workers)

    def members(self):
        return members(self.main.pid)

    def everybody(self):
        return everybody(self.main.pid)

    def kill_main(self):
        """SIGKILL main; nobody of the others may live on."""
        family = self.everybody()
        self.main.kill()
        self.main.wait()
        wait_until(lambda: gone(family), "nobody outlives main", END_SECONDS)

    def stop(self, seconds=30):
        """SIGTERM; its exit code, after everybody has gone."""
        family = self.everybody()
        self.main.terminate()
        code = self.main.wait(seconds)
        wait_until(lambda: gone(family), "nobody outlives main", END_SECONDS)
        return code


@contextmanager
def running_worker(environment, *, workers=2, arguments=()):
    """A complete worker, and none of it afterwards."""
    worker = WorkerProcess(environment, workers=workers, arguments=arguments)
    try:
        worker.start()
        yield worker
    finally:
        if worker.main.poll() is None:
            worker.kill_main()
