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

from django.db.models import GeneratedField, Model
from simple_history.models import HistoricalRecords

from workflows_app.failures import ContractError

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


@dataclass
class _Save:
    """A save that a command asked for, and what has become of it."""

    instance: Model
    command: Writing
    #: The protected columns have reached the row.
    written: bool = False
    #: Another command has moved the same row meanwhile, through another instance.
    overtaken: bool = False


_writing: ContextVar[tuple[_Save, ...]] = ContextVar("workflow_writing", default=())
_bodies: ContextVar[tuple[int, ...]] = ContextVar("workflow_bodies", default=())


@contextmanager
def writing(instance: Model, command: Writing) -> Iterator[None]:
    """Save this instance on behalf of a command: its protected columns are written too.

    Raises ContractError when the block is left and they were not.
    """
    save = _Save(instance, command)
    token = _writing.set((save, *_writing.get()))
    try:
        with open_columns(instance):
            yield
            _refuse_unwritten(save)
            read_what_the_database_made(instance, everything=save.overtaken)
    finally:
        _writing.reset(token)


def writing_of(instance: Model) -> Writing | None:
    """The command that is saving this instance, if one is."""
    return next((one.command for one in _writing.get() if one.instance is instance), None)


def note_written(instance: Model) -> None:
    """The row holds the protected columns now, as this instance has them."""
    for one in _writing.get():
        if one.instance is instance:
            one.written = True
        elif one.written and one.instance == instance:
            one.overtaken = True


def read_what_the_database_made(instance: Model, *, everything: bool) -> None:
    """Generated columns are stale after a save; all are, if a receiver moved the row as well."""
    made = [f.attname for f in instance._meta.concrete_fields if isinstance(f, GeneratedField)]
    if everything or made:
        instance.refresh_from_db(instance._state.db, None if everything else made)


def _refuse_unwritten(save: _Save) -> None:
    if not save.written:
        model = type(save.instance)
        raise ContractError(
            f"{model._meta.label}: save() returned, and the row was not written as the command"
            f" says. A save() of {model.__name__}'s own calls super().save(**kwargs) whatever the"
            " state is, with the arguments it was given."
        )


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
