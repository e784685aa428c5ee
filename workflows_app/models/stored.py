"""What history writes outside a command: the protected columns as the database has them."""

import uuid
from typing import Any

from django.db.models import Model

from workflows_app.contract.registry import contract_of

from .database import database_of

_STORED = "_workflow_stored_columns"
_OPERATION = "_workflow_deleting_operation"


def note_stored(
    instance: Model, columns: dict[str, Any], operation_id: uuid.UUID | None = None
) -> None:
    """Keep them for the snapshot that is about to be taken of this instance."""
    instance.__dict__[_STORED] = columns
    instance.__dict__[_OPERATION] = operation_id


def stored_operation(instance: Model) -> uuid.UUID | None:
    """The operation that deletes the instance, if one does."""
    found: uuid.UUID | None = instance.__dict__.get(_OPERATION)
    return found


def stored_columns(instance: Model) -> dict[str, Any]:
    """What was noted; a snapshot without a save or deletion (a many-to-many change) asks now."""
    noted: dict[str, Any] | None = instance.__dict__.get(_STORED)
    if noted is not None:
        return noted
    row = type(instance)._base_manager.using(database_of(instance)).filter(pk=instance.pk)
    return row.values(*contract_of(instance).protected).first() or {}


def forget_stored(instance: Model) -> None:
    """The save is over, or the instance becomes another object."""
    instance.__dict__.pop(_STORED, None)
    instance.__dict__.pop(_OPERATION, None)
