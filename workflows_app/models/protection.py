"""Columns that only a command may write, protected instance by instance."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import models
from django.db.migrations.state import StateApps
from django.db.models.query_utils import DeferredAttribute
from simple_history.models import HistoricalChanges

from workflows_app.failures import ProtectedState

from .database import database_of

#: The instances that take new values in this thread: fsm-2 opens the field for all threads.
_open: ContextVar[tuple[int, ...]] = ContextVar("workflow_open_columns", default=())


def is_shadow(model: type[models.Model]) -> bool:
    """Whether this is a copy of a model, for history or for a migration, and not the model."""
    registry = model._meta.apps
    # SQLite rebuilds a table through a copy of its model in a registry without any app.
    migrating = isinstance(registry, StateApps) or not registry.app_configs
    return migrating or issubclass(model, HistoricalChanges)


@contextmanager
def open_columns(instance: models.Model) -> Iterator[None]:
    """Let this one instance take new values for its protected columns, in this thread."""
    token = _open.set((id(instance), *_open.get()))
    try:
        yield
    finally:
        _open.reset(token)


def refuse_assignment(field: Any, instance: models.Model) -> None:
    """Raise ProtectedState unless the instance is being built or its columns are open."""
    being_built = instance._state.adding and field.attname not in instance.__dict__
    if being_built or not field.protected or id(instance) in _open.get():
        return
    one = type(instance).__name__.lower()
    raise ProtectedState(
        f"{one}.{field.attname} is protected: only a command writes it. Write"
        f" execute({one}.<transition>, by=user) with execute from workflows_app.engine."
    )


class ProtectedAttribute(DeferredAttribute):
    """A column that is read like any other and refuses assignment."""

    def __set__(self, instance: models.Model, value: Any) -> None:
        refuse_assignment(self.field, instance)
        instance.__dict__[self.field.attname] = value


class _Protected(models.Field):  # type: ignore[type-arg]
    descriptor_class = ProtectedAttribute
    protected = True
    #: Nothing sets these when saving, so update_or_create() need not write them.
    pre_save = models.Field.pre_save

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:
        self.protected = not is_shadow(cls)
        super().contribute_to_class(cls, name, private_only=private_only)


class VersionField(_Protected, models.PositiveBigIntegerField):  # type: ignore[type-arg]
    """How many commands the object has accepted."""

    def deconstruct(self) -> Any:
        """A plain column, as far as migrations are concerned."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.PositiveBigIntegerField", args, kwargs


class SinceField(_Protected, models.DateTimeField):  # type: ignore[type-arg,misc]
    """Since when the object is in its state."""

    def deconstruct(self) -> Any:
        """A plain column, as far as migrations are concerned."""
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.DateTimeField", args, kwargs


class ReloadsProtected(models.Model):
    """``refresh_from_db`` for models with protected columns, safe in threads."""

    class Meta:
        abstract = True

    def refresh_from_db(self, using: str | None = None, *args: Any, **kwargs: Any) -> None:
        """Reload, protected columns included, from the database that is written to."""
        with open_columns(self):
            super().refresh_from_db(using or database_of(self), *args, **kwargs)
