"""A trigger of the guard, as data: what it watches and what it refuses, in which words."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

PREFIX = "workflows_guard_"
ALWAYS = "1 = 1"
EXECUTE = "Write execute(obj.<transition>, by=user) with execute from workflows_app.engine."


@dataclass(frozen=True)
class Refusal:
    """One thing that is refused: the SQL condition over ``old`` and ``new``, and the message."""

    condition: str
    message: str


@dataclass(frozen=True)
class Trigger:
    """Runs for each row of a table that an event (insert, update, delete) touches, mostly after it.

    ``watch`` is the cheap condition under which the refusals are looked at, in order. If nothing is
    refused, the statements of ``then`` are run; a refusal among them is looked at in its turn.
    """

    table: str
    event: str
    watch: str
    refusals: tuple[Refusal, ...]
    moment: str = "after"
    then: tuple[str | Refusal, ...] = ()

    @cached_property
    def name(self) -> str:
        """Says which trigger of which contract this is: another definition has another name."""
        digest = hashlib.sha256(repr(self).encode()).hexdigest()[:12]
        return f"{PREFIX}{self.event}_{digest}"

    @property
    def label(self) -> str:
        """How people name it."""
        return f"{self.event} of {self.table}"


@dataclass(frozen=True)
class Standing:
    """A trigger of ours that a database has."""

    name: str
    table: str
    enabled: bool = True

    def is_for(self, event: str) -> bool:
        """Whether it watches this event; every one does if none is named."""
        return self.name.startswith(f"{PREFIX}{event}")
