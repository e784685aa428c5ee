"""django-simple-history, preset: what every snapshot of a workflow object must have."""

from functools import cache
from typing import Any

from django.db import models
from django.db.models import signals
from django.dispatch import receiver
from simple_history.manager import HistoryManager
from simple_history.models import HistoricalRecords
from simple_history.signals import pre_create_historical_record

from .stored import stored_columns, stored_operation
from .workflow_model import WorkflowModel
from .writing import writing_of


class BelongsToOperation(models.Model):
    """A snapshot names the operation that made it; NULL means a save outside any command."""

    operation_id = models.UUIDField(null=True, db_index=True, editable=False)

    class Meta:
        abstract = True


class OneManagerClass(HistoryManager):  # type: ignore[misc]
    """simple-history makes a new manager class at every access; one is enough."""

    @classmethod
    @cache
    def from_queryset(cls, queryset_class: Any, class_name: str | None = None) -> Any:
        """The manager class for this queryset class, made once."""
        return super().from_queryset(queryset_class, class_name)


class WorkflowHistory(HistoricalRecords):  # type: ignore[misc]
    """``history = WorkflowHistory()``: a snapshot per save, in the command's transaction."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("bases", (BelongsToOperation,))
        kwargs.setdefault("history_id_field", models.BigAutoField())
        kwargs.setdefault("history_change_reason_field", models.TextField(null=True))
        kwargs.setdefault("use_base_model_db", True)
        kwargs.setdefault("history_manager", OneManagerClass)
        super().__init__(**kwargs)

    def finalize(self, sender: Any, **kwargs: Any) -> None:
        """Keep the history of what is saved through a proxy, too: it is the same object."""
        super().finalize(sender, **kwargs)
        if sender._meta.proxy and sender._meta.concrete_model is self.cls and not self.inherit:
            signals.post_save.connect(self.post_save, sender=sender, weak=False)
            signals.post_delete.connect(self.post_delete, sender=sender, weak=False)
            signals.pre_delete.connect(self.pre_delete, sender=sender, weak=False)

    def get_history_user(self, instance: Any) -> Any:
        """Whoever the command is by; outside a command, the user of the request."""
        command = writing_of(instance)
        return super().get_history_user(instance) if command is None else command.user

    def get_change_reason_for_object(self, instance: Any, history_type: str, using: Any) -> Any:
        """The command's reason, and nothing that an earlier save left on the instance."""
        command = writing_of(instance)
        if command is None:
            return super().get_change_reason_for_object(instance, history_type, using)
        return command.reason or None


@receiver(pre_create_historical_record)
def tell_the_truth(instance: Any, history_instance: Any, **kwargs: Any) -> None:
    """Give the snapshot its operation, and protected columns from the database, not from memory."""
    if not isinstance(instance, WorkflowModel):
        return
    command = writing_of(instance)
    if hasattr(history_instance, "operation_id"):
        mine = command.operation_id if command else stored_operation(instance)
        history_instance.operation_id = mine
    if command is None:
        for name, value in stored_columns(instance).items():
            setattr(history_instance, name, value)
