"""The engine, driven one step at a time: what a worker does, held still inside its handler."""

import threading
from queue import SimpleQueue

from django.db import connections

from tests.errands.workflow import Busy, Refused, Silent
from workflows_app import accepted
from workflows_app.engine.ask import ask, take
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import jobs_for
from workflows_app.engine.perform import perform
from workflows_app.engine.sweep import sweep
from workflows_app.testing import WorkerDies

LIMIT_SECONDS = 30
ANSWERS = {
    "done": {"reference": "r"},
    "accepted": accepted("r"),
    "rejected": Refused,
    "not_sent": Busy,
    "unknown": Silent,
    "died": WorkerDies,
    "nothing": None,
}


def saying(what):
    """What a handler does to say so."""
    found = ANSWERS[what]
    if isinstance(found, type):
        raise found
    return found


class Attempt:
    """One claimed run in the hands of a worker; its handler waits to be told what to answer."""

    def __init__(self, job):
        self.job = job
        self._arrived, self._answers = SimpleQueue(), SimpleQueue()
        self._thread = threading.Thread(target=self._perform, daemon=True)

    def begin(self):
        """Perform it up to the call outside; whether it comes to one."""
        _by_thread[self._thread.name] = self
        self._thread.start()
        return self._arrived.get(timeout=LIMIT_SECONDS)

    def answer(self, said):
        """The outside says so; returns when that is stored, or the worker has died."""
        self._answers.put(said)
        self._thread.join(LIMIT_SECONDS)
        assert not self._thread.is_alive()

    def handler(self):
        """What the effect's handler does."""
        self._arrived.put(True)
        return saying(self._answers.get(timeout=LIMIT_SECONDS))

    def _perform(self):
        try:
            perform("default", self.job.run, self.job.effect, self.job.obj)
        except WorkerDies:
            pass
        finally:
            connections.close_all()
            self._arrived.put(False)


class Question:
    """One run in the hands of a worker who asks its probe."""

    def __init__(self, job):
        self.run, self._job = job.run, job

    def answer(self, said):
        """The probe says so, and that is stored."""
        self._said = said
        _by_thread[threading.current_thread().name] = self
        ask("default", self._job.run, self._job.effect, self._job.obj)

    def handler(self):
        """What the probe does."""
        return saying(self._said)


_by_thread = {}


def answering(errand, run):
    """Stands behind every handler of the errands."""
    return _by_thread[threading.current_thread().name].handler()


def claimed():
    """Take all that is due."""
    return [Attempt(job) for job in jobs_for("default", claim("default", 100))]


def taken_to_ask():
    """Take all whose probe is due to be asked."""
    return [Question(job) for job in jobs_for("default", take("default", 100))]


def swept():
    sweep("default")
