"""Deleting an object: an operation, and not while something is still to be done outside."""

from typing import Any

from django.db.models import Model, ProtectedError
from django.db.models.signals import class_prepared, pre_delete
from django.dispatch import Signal

from workflows_app.contract.registry import contract_of

from .database import refuse_elsewhere
from .effect_run import EffectRun
from .identity import object_id_of, object_type_of
from .protection import is_shadow
from .stored import note_stored
from .workflow_model import WorkflowModel
from .writing import outside_commands

#: Sent inside the transaction of a deletion: sender, instance, using, command, and
#: stored: the protected columns as the database has them.
object_deleted = Signal()


def watch_deletions(sender: type[Model], **kwargs: Any) -> None:
    """Connect per model: a receiver for all would make every deletion of the project slow."""
    if issubclass(sender, WorkflowModel) and not (sender._meta.abstract or is_shadow(sender)):
        pre_delete.connect(prepare_deletion, sender=sender)


def prepare_deletion(instance: Any, using: str, **kwargs: Any) -> None:
    """Lock the row, so that no command comes between; refuse while runs of it are open; write the
    operation."""
    refuse_elsewhere(instance, using)
    contract = contract_of(instance)
    row = contract.model._base_manager.using(using).select_for_update().filter(pk=instance.pk)
    stored = row.values(*contract.protected).first()
    if stored is not None:
        _refuse_open_runs(instance, using)
        command = outside_commands(instance)
        note_stored(instance, stored, command.operation_id)
        object_deleted.send(
            type(instance), instance=instance, using=using, stored=stored, command=command
        )


def _refuse_open_runs(instance: Any, using: str) -> None:
    runs = EffectRun.objects.using(using).of(object_type_of(instance), object_id_of(instance))
    if still_open := list(runs.open()):
        names = ", ".join(f"{run.effect} ({run.get_state_display().lower()})" for run in still_open)
        raise ProtectedError(
            f"{instance._meta.label} {instance.pk} cannot be deleted while something is still to be"
            f" done for it: {names}. Wait until it is done, or resolve or skip it; then delete.",
            set(still_open),
        )


class_prepared.connect(watch_deletions)
