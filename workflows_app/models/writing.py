"""What is being done to an instance right now, and by which command.

Kept beside the instance and not in it: a copy of it, or another thread that holds it, has no part
in the command.
"""

import dataclasses
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from simple_history.models import HistoricalRecords

from .identity import uuid7
from .protection import open_columns


@dataclass(frozen=True)
class Writing:
    """The command on whose behalf an instance is saved."""

    operation_id: uuid.UUID = dataclasses.field(default_factory=uuid7)
    user: Any = None
    reason: str = ""
    #: What operation 0 of a new object records besides: actor, key, data.
    receipt: dict[str, Any] = dataclasses.field(default_factory=dict)
    #: Of which of several workflows it is; the first one if it is not said.
    field: str = ""


_writing: ContextVar[tuple[tuple[int, Writing], ...]] = ContextVar("workflow_writing", default=())
_bodies: ContextVar[tuple[int, ...]] = ContextVar("workflow_bodies", default=())


@contextmanager
def writing(instance: Model, command: Writing) -> Iterator[None]:
    """Save this instance on behalf of a command: its protected columns are written too."""
    token = _writing.set(((id(instance), command), *_writing.get()))
    try:
        with open_columns(instance):
            yield
    finally:
        _writing.reset(token)


def writing_of(instance: Model) -> Writing | None:
    """The command that is saving this instance, if one is."""
    return next((command for one, command in _writing.get() if one == id(instance)), None)


@contextmanager
def running_body(instance: Model) -> Iterator[None]:
    """A transition's body is at work on this instance: it is not to be saved until it returns."""
    token = _bodies.set((id(instance), *_bodies.get()))
    try:
        yield
    finally:
        _bodies.reset(token)


def body_is_running(instance: Model) -> bool:
    """Whether a transition's body is at work on this instance."""
    return id(instance) in _bodies.get()


def outside_commands(instance: Model) -> Writing:
    """A plain ``save()`` of a new object or a deletion, as the command it is: by the user of the
    request.

    What the caller left for simple-history on the instance counts too.
    """
    user = getattr(instance, "_history_user", None) or _user_of_the_request()
    return Writing(user=user, reason=getattr(instance, "_change_reason", None) or "")


def _user_of_the_request() -> Any:
    """Whom simple-history's middleware has seen, if anybody has logged in."""
    request = getattr(HistoricalRecords.context, "request", None)
    user = getattr(request, "user", None)
    return user if getattr(user, "is_authenticated", False) else None
