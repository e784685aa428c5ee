"""Django's flush, with the guard lifted round it where it would refuse the deletion."""

from typing import Any

from django.core.management.commands import flush
from django.db import connections

from workflows_app.models.guard import lifted
from workflows_app.models.guard.around_migrations import is_ours
from workflows_app.models.guard.dialects import dialect_of


class Command(flush.Command):
    """Remove all data. Operations and events are append-only, so row by row needs the lift."""

    def handle(self, **options: Any) -> None:
        """Flush; on a database that truncates, this is Django's own command."""
        using = options["database"]
        if is_ours(using) and dialect_of(connections[using]).flushes_row_by_row:
            with lifted(using, only="delete"):
                super().handle(**options)
        else:
            super().handle(**options)
