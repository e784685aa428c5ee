"""Erasing: the records stay, who moved what when, without what they say of a person."""

from collections.abc import Collection
from functools import partial
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models, router, transaction

from workflows_app.contract.registry import contract_of
from workflows_app.engine.idempotency import actor_label, actor_of
from workflows_app.engine.locking import lock_object, pk_of, retrying
from workflows_app.failures import Invalid, NotAllowed
from workflows_app.models import Operation, Removal, Tombstone
from workflows_app.models.tombstone import ERASED

from .removal import Covered, refuse_silence, refuse_stranger, refuse_without_guard, snapshots_of

PERMISSION = "workflows_app.erase_records"
NOTHING = {"erased": True}


def erase(
    model: type[models.Model],
    object_id: Any,
    *,
    by: Any,
    reason: str,
    columns: Collection[str] = (),
    dry_run: bool = False,
) -> Tombstone:
    """Blank what the records of one object say of a person: data, reasons, results, failures.

    ``columns`` are columns of the model to blank in its history too; the object itself is yours to
    clean, first. Who moved what when stays. The object may be deleted. ``by`` is SYSTEM or somebody
    with ``workflows_app.erase_records``. Answers the tombstone; a dry run inserts none. Raises
    Forbidden, Invalid, and NotAllowed while something is still to be done or decided.
    """
    refuse_stranger(by, PERMISSION)
    refuse_silence(reason)
    contract = contract_of(model)
    blanks = {name: _blank(contract.model, name, contract.protected) for name in columns}
    using = router.db_for_write(contract.model)
    refuse_without_guard(using)
    pk = pk_of(contract.model, str(object_id))

    def once() -> Tombstone:
        with transaction.atomic(using=using):
            lock_object(contract, pk, using)
            covered = _all_of(using, contract.object_type, str(pk if pk is not None else object_id))
            snapshots = snapshots_of(contract.model, pk, using)
            count = 0 if snapshots is None else snapshots.count()
            tombstone = covered.tombstone(Removal.ERASE, by, reason, count)
            if not dry_run:
                tombstone.save(using=using, force_insert=True)
                _blank_runs(covered)
                covered.timers.update(failure=None)
                covered.messages.update(payload=NOTHING, digest="", ref="", note=None)
                if snapshots is not None:
                    snapshots.update(**blanks, **_reason_of(snapshots.model))
        return tombstone

    return retrying(using, once)


def erase_actor(
    actor: Any, *, by: Any, reason: str, using: str | None = None, dry_run: bool = False
) -> Tombstone:
    """Blank the name of one actor (a user, or ``"user:7"``) in everything done until now.

    The actor's id stays, so that one person's acts can still be told from another's. Names of
    tombstones stay too: who removed something answers for it. Answers and raises as ``erase``.
    """
    refuse_stranger(by, PERMISSION)
    refuse_silence(reason)
    whose = actor if isinstance(actor, str) else actor_of(actor)
    if not whose.startswith("user:"):
        raise Invalid(f"{whose!r} is no person; write user:<id>.")
    database = using or router.db_for_write(Operation)
    refuse_without_guard(database)
    return retrying(database, partial(_erase_name, database, whose, by, reason, dry_run=dry_run))


def _erase_name(using: str, whose: str, by: Any, reason: str, *, dry_run: bool) -> Tombstone:
    with transaction.atomic(using=using):
        mine = Operation.objects.using(using).by_actor(whose)
        last = mine.first()
        if last is None:
            raise Invalid(f"{whose} has done nothing that is recorded here.")
        tombstone = Tombstone(
            kind=Removal.ERASE, whose=whose, last_operation=last.pk,
            operations=mine.filter(pk__lte=last.pk).count(), actor=actor_of(by),
            actor_label=actor_label(by), reason=reason,
        )  # fmt: skip
        if not dry_run:
            tombstone.save(using=using, force_insert=True)
    return tombstone


def _all_of(using: str, object_type: str, object_id: str) -> Covered:
    last = Operation.objects.using(using).of(object_type, object_id).last()
    if last is None:
        raise Invalid(f"{object_type} {object_id} has no records.")
    covered = Covered(using, object_type, object_id, last.version)
    if unresolved := list(covered.runs.unresolved()):
        names = ", ".join(f"{run.effect} ({run.get_state_display().lower()})" for run in unresolved)
        raise NotAllowed(
            f"Something is still to be done or decided for it, and needs its data: {names}. Wait"
            " until it is done, or resolve or skip it; then erase."
        )
    return covered


def _blank_runs(covered: Covered) -> None:
    for run in covered.runs:
        run.data = NOTHING
        run.result = None if run.result is None else NOTHING
        run.failure = None if run.failure is None else _forgotten(run.failure)
        run.reference = None
        run.save(using=covered.using, update_fields=["data", "result", "failure", "reference"])


def _forgotten(failure: dict[str, Any]) -> dict[str, Any]:
    return {"code": failure["code"], "detail": ERASED, "kind": failure["kind"], "facts": {}}


def _blank(model: type[models.Model], name: str, protected: Collection[str]) -> Any:
    """What stands in a column of the history instead: NULL where it may, or an empty text."""
    try:
        field: Any = model._meta.get_field(name)
    except FieldDoesNotExist as error:
        raise Invalid(str(error)) from error
    if not getattr(field, "concrete", False) or field.primary_key or name in protected:
        raise Invalid(f"{name} is no plain column of {model._meta.label}; it cannot be blanked.")
    if field.null:
        return None
    if isinstance(field, models.CharField | models.TextField | models.FileField):
        return ERASED[: field.max_length]
    if field.has_default():
        return field.get_default()
    raise Invalid(
        f"{name} can be neither NULL nor a text, and has no default, so nothing can stand there"
        " instead of what it says. Put something there yourself, and leave the column out:"
        f" {model.__name__}.history.filter({model._meta.pk.attname}=...).update({name}=...)."
    )


def _reason_of(snapshot: Any) -> dict[str, Any]:
    names = {field.name for field in snapshot._meta.concrete_fields}
    return {"history_change_reason": None} if "history_change_reason" in names else {}
