"""Read replicas: the database router that lets a transaction read what it has written."""

from typing import Any

from django.db import connections, router
from django.db.models import Model


class ReadYourWrites:
    """First in DATABASE_ROUTERS: inside of a transaction, reads go where its writes go.

    A command's guards and body follow relations of an object that is locked; a replica would
    answer with what was true some time ago. Outside of transactions the routers behind it decide.
    """

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        """The database for writes while a transaction is open there."""
        using = router.db_for_write(model, **hints)
        return using if connections[using].in_atomic_block else None
