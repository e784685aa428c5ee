"""The outside's own book: what it was asked to do, in a file that outlives whoever called."""

import json

from django.utils import timezone

from workflows_app.testing import Heard


class Book:
    """A remote that writes every call down before it answers."""

    def __init__(self, path):
        self._path = path
        self._path.touch()

    def taking(self, answer, **more):
        """A handler's stand-in: the call is written down and done, and the answer returned."""

        def take(obj, run):
            self.note(run, **more)
            if isinstance(answer, type):
                raise answer
            return answer

        return take

    def note(self, run, *, took=True):
        """One call."""
        line = {"key": run.key, "attempt": run.attempt, "took": took}
        with self._path.open("a") as book:
            book.write(json.dumps(line | {"at": timezone.now().isoformat()}) + "\n")

    @property
    def heard(self):
        """Every call, in order of arrival."""
        lines = [json.loads(line) for line in self._path.read_text().splitlines()]
        return [
            Heard(
                one["key"], timezone.datetime.fromisoformat(one["at"]), one["attempt"], one["took"]
            )
            for one in lines
        ]

    def calls_of(self, run):
        """How often it was called under the run's key."""
        return [one.key for one in self.heard].count(run.key)
