"""Sight: which objects and rows a user may know of, by the ``seen_by`` of their contracts."""

from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connections
from django.db.models import (
    Case,
    CharField,
    Exists,
    Model,
    OuterRef,
    Q,
    QuerySet,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import Cast, Replace
from django.db.models.lookups import Exact

from workflows_app.contract.registry import Contract, contract_of, first_contracts
from workflows_app.contract.rows import ANYBODY
from workflows_app.models.database import database_of


def sees(user: Any, obj: Model) -> bool:
    """Whether this user may see this object."""
    return contract_of(obj).seen_by.admits(user, obj)


def objects_seen(user: Any, objects: QuerySet[Any]) -> QuerySet[Any]:
    """The objects among these that this user may see."""
    seen = contract_of(objects.model).seen_by.rows(user, objects.model)
    return objects if seen == ANYBODY else objects.filter(seen)


def sees_every(user: Any, model: type[Model]) -> bool:
    """Whether this user may see every object of this model, and so the past of deleted ones."""
    return _leaves_out_nothing(objects_seen(user, model._base_manager.using(database_of(model))))


def rows_seen(user: Any, rows: QuerySet[Any]) -> QuerySet[Any]:
    """Those operations, runs or events whose object this user may see.

    Who may see every object of a type also sees the rows of those that were deleted.
    """
    visible = Q(pk__in=[])
    for contract in first_contracts():
        visible |= _of_objects_seen(user, contract, rows.db)
    return rows.filter(visible)


def _of_objects_seen(user: Any, contract: Contract, using: str) -> Q:
    mine = Q(object_type=contract.object_type)
    objects = objects_seen(user, contract.model._base_manager.using(using))
    if _leaves_out_nothing(objects):
        return mine
    return mine & Q(Exists(objects.filter(pk=_key_of_the_row(contract, using))))


def _leaves_out_nothing(objects: QuerySet[Any]) -> bool:
    try:
        objects.query.get_compiler(objects.db).compile(objects.query.where)
    except FullResultSet:
        return True
    except EmptyResultSet:
        pass
    return False


def _key_of_the_row(contract: Contract, using: str) -> Case:
    """The primary key a row names: a look-up by index, however many objects there are."""
    key = _own_field(contract.model)
    text: Any = OuterRef("object_id")
    if isinstance(key, UUIDField) and not connections[using].features.has_native_uuid_field:
        text = Replace(text, Value("-"), Value(""))
    # Another type's key may not even be castable: the database must not try.
    of_this_type = Exact(OuterRef("object_type"), Value(contract.object_type))
    # A text stays as it is: a cast would give it a collation that the key may not have.
    named = text if isinstance(key, CharField) else Cast(text, key)
    return Case(When(of_this_type, then=named))


def _own_field(model: type[Model]) -> Any:
    """The field that holds the key, also where the key is another model's."""
    field: Any = model._meta.pk
    while field.remote_field is not None:
        field = field.target_field
    return field
