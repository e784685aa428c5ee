"""The database of an object and of all its rows: the one that is written to, never a replica."""

from typing import Any

from django.db import models, router

from workflows_app.failures import ProtectedState


class ReadsWhatIsWritten(models.Manager[Any]):
    """The rows as they are: a replica may lag behind the answer that was just given."""

    def get_queryset(self) -> Any:
        """All rows, in the database for writes unless another one is named."""
        return super().get_queryset().using(self._db or router.db_for_write(self.model))


def database_of(model: Any) -> str:
    """Where an object is written, whatever it was read from."""
    return router.db_for_write(model._meta.concrete_model)


def refuse_elsewhere(instance: models.Model, using: str) -> None:
    """Somebody names another database than the one in which the object's operations are."""
    if using != (here := database_of(instance)):
        raise ProtectedState(
            f"{instance._meta.label} is written to {here!r}, where its operations are, not to"
            f" {using!r}. Leave out using={using!r}; for an object that was read there, load it"
            f" from {here!r}."
        )
