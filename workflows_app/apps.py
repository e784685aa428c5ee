"""The Django app: connects the engine and the guard to the models."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class WorkflowsConfig(AppConfig):
    """``"workflows_app"`` in INSTALLED_APPS."""

    name = "workflows_app"
    verbose_name = "Workflows"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect what the models must not import."""
        from .contract import checks as contract_checks  # noqa: F401  importing registers them
        from .engine.ledger import write_operation_of_deletion, write_operation_zero
        from .engine.timers import deleted_object_keeps_none, new_object_keeps_time
        from .models import checks  # noqa: F401  importing registers them
        from .models.deletion import object_deleted
        from .models.guard.around_migrations import (
            install_after_migrations,
            lift_before_migrations,
        )
        from .models.workflow_model import object_inserted

        object_inserted.connect(write_operation_zero)
        object_inserted.connect(new_object_keeps_time)
        object_deleted.connect(write_operation_of_deletion)
        object_deleted.connect(deleted_object_keeps_none)
        pre_migrate.connect(lift_before_migrations, sender=self)
        post_migrate.connect(install_after_migrations, sender=self)
