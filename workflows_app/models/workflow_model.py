"""The base of every model with a workflow: a version, and a save() that keeps to the contract."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db import IntegrityError, transaction
from django.dispatch import Signal

from workflows_app.contract.registry import Contract, contract_of, contracts_of
from workflows_app.failures import ProtectedState

from .database import database_of, refuse_elsewhere
from .protection import ReloadsProtected, VersionField
from .stored import forget_stored, note_stored
from .writing import (
    Writing,
    body_is_running,
    note_written,
    outside_commands,
    writing,
    writing_of,
)

#: Sent inside the transaction of a new object's insert: sender, instance, using, command.
object_inserted = Signal()


class RowExists(ProtectedState, IntegrityError):
    """A hand-made instance met a row that exists; an IntegrityError, as get_or_create() expects."""


class WorkflowModel(ReloadsProtected):
    """Inherit the contract first, then this: ``class Claim(ClaimWorkflow, WorkflowModel)``."""

    version = VersionField(default=0, editable=False)

    class Meta:
        abstract = True

    def save(
        self,
        *,
        force_insert: Any = False,
        force_update: bool = False,
        using: str | None = None,
        update_fields: Iterable[str] | None = None,
    ) -> None:
        """Save as usual; state, version and since are written by commands only.

        A new object begins in the initial state, or where the command that creates it leads, and
        gets its operation 0 in the same transaction.
        Raises ProtectedState for a new object in a later state, for a hand-made instance of a row
        that exists, and for an object whose row is gone.
        """
        _refuse_save_in_body(self)
        using = using or database_of(self)
        refuse_elsewhere(self, using)
        if self._state.adding or self.pk is None:
            _refuse_update_of_unknown_row(self, force_update, update_fields)
            _refuse_later_state(self)
            with transaction.atomic(using=using, savepoint=False):
                self._insert(using, force_insert or True)
        else:
            _refuse_named_columns(self, update_fields)
            with transaction.atomic(using=using, savepoint=False):
                self._update(using, force_insert, force_update, update_fields)

    def clean_fields(self, exclude: Any = None) -> None:
        """Validate the columns, except those that only a command writes."""
        super().clean_fields({*(exclude or ()), *contract_of(self).protected})

    def _insert(self, using: str, force_insert: Any) -> None:
        forget_stored(self)
        command = writing_of(self) or outside_commands(self)
        key_is_chosen = self.pk is not None
        with writing(self, command):
            try:
                # A chosen key may exist; after a savepoint the database can still be asked.
                with transaction.atomic(using=using, savepoint=key_is_chosen):
                    super().save(force_insert=force_insert, using=using)
            except IntegrityError as error:
                if key_is_chosen:
                    _refuse_existing_row(self, using, error)
                raise
            note_written(self)
            object_inserted.send(type(self), instance=self, using=using, command=command)

    def _update(
        self,
        using: str,
        force_insert: Any,
        force_update: bool,
        update_fields: Iterable[str] | None,
    ) -> None:
        try:
            super().save(
                force_insert=force_insert,
                force_update=force_update,
                using=using,
                update_fields=update_fields,
            )
        finally:
            forget_stored(self)

    def _do_update(
        self, base_qs: Any, using: Any, pk_val: Any, values: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """Django's UPDATE of one row, without the columns that only a command writes."""
        protected = contract_of(self).protected
        if (command := writing_of(self)) is not None:
            values = list(_leaving_other_states(self, command, values))
            updated = super()._do_update(base_qs, using, pk_val, values, *args, **kwargs)
            if updated and set(protected) <= {entry[0].name for entry in values}:
                note_written(self)
            return updated
        mine = [entry for entry in values if entry[0].name not in protected]
        updated = super()._do_update(base_qs, using, pk_val, mine, *args, **kwargs)
        # The row is locked now: what history says of these columns is what the database says.
        stored = base_qs.filter(pk=pk_val).values(*protected).first()
        if self._state.adding:  # Only loaddata comes here with an instance it has built itself.
            _refuse_fixture_that_moves(self, stored)
        elif stored is None:
            _refuse_row_that_is_gone(self)
        else:
            note_stored(self, stored)
        return updated


def _leaving_other_states(instance: Any, command: Writing, values: Any) -> Iterator[Any]:
    """What a command writes: a former name of a state of another workflow is not its to change."""
    mine = contract_of(instance, command.field).field
    others = {one.field: one for one in contracts_of(instance) if one.field != mine}
    for field, raw, value in values:
        other = others.get(field.name)
        yield field, raw, other.stored_state_of(instance) if other else value


def _refuse_save_in_body(instance: Any) -> None:
    if body_is_running(instance):
        raise ProtectedState(
            "A transition's body never saves its object: set the columns and return;"
            " execute() saves it with the new state."
        )


def _refuse_update_of_unknown_row(
    instance: Any, force_update: bool, update_fields: Iterable[str] | None
) -> None:
    if force_update or update_fields:
        raise ProtectedState(_built_by_hand(instance))


def _refuse_named_columns(instance: Any, update_fields: Iterable[str] | None) -> None:
    if writing_of(instance) is not None or update_fields is None:
        return
    if named := sorted(set(update_fields) & set(contract_of(instance).protected)):
        raise ProtectedState(
            f"save(update_fields={named}): only a command writes these columns. Write"
            " execute(obj.<transition>, by=user) with execute from workflows_app.engine."
        )


def _refuse_later_state(instance: Any) -> None:
    for contract in contracts_of(instance):
        initial = str(contract.states.initial)
        allowed = (initial,) if writing_of(instance) is None else contract.beginnings
        if contract.state_of(instance) not in allowed or instance.version != 0:
            raise ProtectedState(
                f"A new {instance._meta.verbose_name} begins in {initial!r} at version 0, not in"
                f" {contract.state_of(instance)!r} at version {instance.version}. Save it without"
                " these columns, then move it with execute(obj.<transition>, by=user). For a row"
                " that exists, load it instead of building it by hand."
            )


def _refuse_existing_row(instance: Any, using: str, error: IntegrityError) -> None:
    if type(instance)._base_manager.using(using).filter(pk=instance.pk).exists():
        raise RowExists(_built_by_hand(instance)) from error


def _built_by_hand(instance: Any) -> str:
    return (
        f"{instance._meta.label} {instance.pk}: this instance was built by hand, and a row that"
        f" exists is never written from one. Load it with {type(instance).__name__}.objects.get("
        f"pk={instance.pk!r}), change that and save it."
    )


def _refuse_fixture_that_moves(instance: Any, stored: dict[str, Any] | None) -> None:
    if stored is not None:
        for contract in contracts_of(instance):
            _refuse_fixture_of_other_state(instance, contract, stored)


def _refuse_fixture_of_other_state(
    instance: Any, contract: Contract, stored: dict[str, Any]
) -> None:
    if (contract.state_of(instance), instance.version) == (
        contract.states.present(stored[contract.field]),
        stored["version"],
    ):
        return
    raise ProtectedState(
        f"{instance._meta.label} {instance.pk} is {stored[contract.field]!r} at version"
        f" {stored['version']}; the fixture says {contract.state_of(instance)!r} at version"
        f" {instance.version}. A fixture does not move an object: leave the row out, or move it"
        " with execute(obj.<transition>, by=user)."
    )


def _refuse_row_that_is_gone(instance: Any) -> None:
    raise ProtectedState(
        f"{instance._meta.label} {instance.pk} is not in the database any more; saving it would"
        " bring it back without its past. Make a new object instead."
    )
