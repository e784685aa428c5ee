"""Django's loaddata, which takes objects in later states with the records that lead there."""

import sys
from collections.abc import Sequence
from functools import cache
from io import StringIO
from typing import Any

from django.core.management import CommandError
from django.core.management.commands import loaddata
from django.db import IntegrityError, connections
from django.db.models import Model
from django.utils.functional import cached_property

from workflows_app.contract.registry import first_contracts
from workflows_app.models import Tombstone
from workflows_app.models.guard import lifted
from workflows_app.models.guard.around_migrations import is_ours
from workflows_app.ops.loaded import contradictions

_CURE = (
    "Nothing was loaded. Dump the objects together with their records"
    " (manage.py dumpdata <your apps> workflows_app), all of them adopted (workflow_adopt)."
)
_IN_A_TRANSACTION = (
    " Objects in later states and tombstones are loaded past the guard, and this database cannot"
    " change a trigger inside a transaction. Load them outside of one (in tests:"
    " TransactionTestCase), or only objects in their initial state, without operations."
)


class Refused(Exception):
    """The guard refused a row that may be right once all its records are there."""


class Command(loaddata.Command):
    """Load as usual while the guard stands; only if it refuses a row, begin again without.

    Either way each loaded object must then stand where its operations lead.
    """

    past_the_guard = False

    def handle(self, *labels: str, **options: Any) -> None:
        """Load the fixtures, all of them or nothing."""
        using = options["database"]
        if not is_ours(using):
            super().handle(*labels, **options)
            return
        try:
            super().handle(*labels, **options)
        except Refused as refused:
            _refuse_in_transaction(using, refused)
            with lifted(using, only="insert"):
                self.past_the_guard = True
                super().handle(*labels, **options)

    def loaddata(self, labels: Sequence[str]) -> None:
        """Inside Django's transaction: load, then compare with the records."""
        self.guarded = {Tombstone, *(contract.model for contract in first_contracts())}
        self.to_compare: dict[type[Model], set[Any]] = {}
        super().loaddata(labels)
        for fault in contradictions(self.using, self.to_compare):
            raise CommandError(f"{fault} {_CURE}")

    def save_obj(self, obj: Any) -> bool:
        """Save one row of a fixture, and note whether it is one to compare."""
        model = obj.object._meta.concrete_model
        try:
            saved = bool(super().save_obj(obj))
        except IntegrityError as error:
            if self.past_the_guard or model not in self.guarded:
                raise
            raise Refused(str(error)) from error
        if saved and model in self.guarded:
            self.to_compare.setdefault(model, set()).add(obj.object.pk)
        return saved

    @cached_property
    def compression_formats(self) -> Any:
        """As Django's; what comes by stdin is kept, for it may be loaded a second time."""
        said = cache(lambda: sys.stdin.read())
        kept = {"stdin": (lambda *args: StringIO(said()), None)}
        return super().compression_formats | kept


def _refuse_in_transaction(using: str, refused: Refused) -> None:
    connection = connections[using]
    if not connection.in_atomic_block:
        return
    if not connection.features.can_rollback_ddl:
        raise CommandError(f"{refused}{_IN_A_TRANSACTION}") from refused
    # PostgreSQL drops no trigger of a table while foreign keys of its rows are still to be checked.
    connection.check_constraints()
