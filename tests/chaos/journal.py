"""What somebody remembers of what was asked and answered: a line each, on disk before he goes on.

So a process that is killed in the middle of a request can ask again under the same key, and what
was answered can be held against the database afterwards.
"""

import json
import os
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Request:
    """One command: of which trip (None: a new one), under which key."""

    key: str
    verb: str
    person: str
    trip: int | None = None
    version: int | None = None
    target: str = ""


class Journal:
    """An append-only file; every line is written by one system call."""

    def __init__(self, path):
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def asked(self, request):
        """Before the request."""
        self._write("asked", **asdict(request))

    def answered(self, request, operation, *, tries):
        """It was accepted, now or before; ``tries``: how often it had to be asked."""
        self._write(
            "answered", key=request.key, operation=str(operation.id),
            replayed=operation.replayed, tries=tries,
        )  # fmt: skip

    def refused(self, request, code, *, tries):
        """It was refused."""
        self._write("refused", key=request.key, code=code, tries=tries)

    def astonished(self, request, error):
        """It ended in an error that nobody should see."""
        self._write("astonished", key=request.key, verb=request.verb, error=repr(error))

    def did(self, what):
        """Something worth counting."""
        self._write("did", what=what)

    def _write(self, word, **told):
        os.write(self._file, json.dumps({"word": word, **told}).encode() + b"\n")


def lines_of(paths):
    """Every line of these journals; the one that a kill cut off is left out."""
    for path in paths:
        for line in path.read_text().splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                continue


def left_open(path):
    """What was asked and never answered, as its writer was killed."""
    if not path.exists():
        return []
    asked = {}
    for line in lines_of([path]):
        if line["word"] == "asked":
            asked[line["key"]] = Request(**{k: v for k, v in line.items() if k != "word"})
        elif line["word"] in ("answered", "refused", "astonished"):
            asked.pop(line["key"], None)
    return list(asked.values())
