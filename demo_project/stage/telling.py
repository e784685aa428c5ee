"""Telling a story in the terminal, and keeping count of the promises in it."""

import textwrap
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, TextIO

from django.utils import timezone

WIDTH = 88
BOLD, DIM, GREEN, RED, END = "\033[1m", "\033[2m", "\033[32m", "\033[31m", "\033[0m"


class BrokenPromise(Exception):
    """The story cannot go on: something that was promised did not come."""


class Telling:
    """Writes the story; ``broken`` are the promises that did not hold."""

    def __init__(self, output: TextIO) -> None:
        self._output, self._colours = output, output.isatty()
        self.kept = 0
        self.broken: list[str] = []

    def chapter(self, title: str) -> None:
        """Begin a chapter."""
        self._line("")
        self._line(self._in(BOLD, title))

    def say(self, text: str) -> None:
        """Tell what happens."""
        self._wrapped("  ", text)

    def answer(self, request: str, status: int, text: str) -> None:
        """Tell a request and what came back."""
        self._line(f"  {self._in(DIM, request)} → {self._in(BOLD, str(status))}")
        self._wrapped("      ", text)

    def promise(self, words: str, held: bool, seen: Any = "") -> None:
        """Say whether a promise held; ``seen`` is told when it did not."""
        if held:
            self.kept += 1
            self._wrapped("  ✓ ", words, GREEN)
        else:
            self.broken.append(words)
            self._wrapped("  ✗ ", f"{words} BROKEN. Seen: {seen}", RED)

    def timeline(self, entries: Iterable[Mapping[str, Any]]) -> None:
        """Print a timeline, one fact a paragraph."""
        for entry in entries:
            at = timezone.localtime(datetime.fromisoformat(entry["at"]))
            self._wrapped(f"  {at:%H:%M:%S}  ", entry["text"], DIM)

    def _wrapped(self, mark: str, text: str, colour: str = "") -> None:
        """The text as a paragraph that hangs behind its mark."""
        first, *rest = textwrap.wrap(text, WIDTH - len(mark)) or [""]
        self._line(self._in(colour, mark) + first)
        for line in rest:
            self._line(" " * len(mark) + line)

    def _line(self, line: str) -> None:
        self._output.write(line + "\n")
        self._output.flush()

    def _in(self, colour: str, text: str) -> str:
        return f"{colour}{text}{END}" if self._colours and colour else text
