"""Locks and retries: the object's row is the one lock, and a busy database is asked again."""

import logging
import random
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import InterfaceError, OperationalError, connections, transaction
from django.db.models import F, Model

from workflows_app.contract.registry import Contract, Unbound, contract_for
from workflows_app.failures import TryAgain

logger = logging.getLogger("workflows_app")

TRIES = 6
FIRST_PAUSE_SECONDS = 0.02
RECONNECT_AFTER_SECONDS = (0, 0.1, 0.2, 0.4, 0.8, 1.6)
#: Serialization failure, deadlock, lock not available; MariaDB: deadlock, lock wait timeout.
PASSING = {"40001", "40P01", "55P03", 1213, 1205}

Answer = TypeVar("Answer")


def lock_object(contract: Contract, pk: Any, using: str, *, wait: bool = True) -> Any:
    """The object, freshly read under its lock from the write database; None if it is gone.

    Without ``wait`` an object that somebody else has locked is a passing OperationalError at once.
    """
    if pk is None:
        return None
    if connections[using].vendor == "sqlite":
        # SELECT FOR UPDATE does nothing there; a write that changes nothing takes the lock.
        _touch(contract.model, pk, using)
    return _select_locked(contract.model, pk, using, wait=wait)


def _select_locked(model: type[Model], pk: Any, using: str, *, wait: bool) -> Any:
    """Every command asks for its row so: the SQL is built once."""
    rows = model._base_manager.using(using)
    if (model, using, wait) not in _statements:
        query = rows.select_for_update(nowait=not wait).filter(pk=pk).query
        statement, parameters = query.get_compiler(using).as_sql()
        _statements[model, using, wait] = statement, parameters[:-1]  # the last one is the key
    statement, fixed = _statements[model, using, wait]
    key = model._meta.pk.get_db_prep_value(pk, connections[using])
    return next(iter(rows.raw(statement, (*fixed, key))), None)


_statements: dict[tuple[type[Model], str, bool], tuple[str, tuple[Any, ...]]] = {}


def _touch(model: type[Model], pk: Any, using: str) -> None:
    quote = connections[using].ops.quote_name
    key: Any = model._meta.pk
    table, column = quote(model._meta.db_table), quote(key.column)
    with connections[using].cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET version = version WHERE {column} = %s",  # noqa: S608  names, quoted
            (key.get_db_prep_value(pk, connections[using]),),
        )


def lock_named_object(object_type: str, object_id: str, using: str, *, wait: bool = True) -> Any:
    """The object a row names, locked; None if it, or its model, is gone."""
    try:
        contract = contract_for(object_type)
    except Unbound:
        return None
    return lock_object(contract, pk_of(contract.model, object_id), using, wait=wait)


def lock_free_objects(object_type: str, object_ids: Iterable[str], using: str) -> set[str]:
    """Lock those objects of one model that nobody else has locked, and wait for none; their ids."""
    try:
        model = contract_for(object_type).model
    except Unbound:
        return set()
    rows = model._base_manager.using(using)
    mine = rows.filter(pk__in=[pk_of(model, object_id) for object_id in object_ids])
    if connections[using].vendor == "sqlite":  # there is one lock for all
        mine.update(version=F("version"))
    else:
        mine = mine.order_by("pk").select_for_update(skip_locked=True)
    return {str(pk) for pk in mine.values_list("pk", flat=True)}


def pk_of(model: type[Model], object_id: str) -> Any:
    """The primary key behind its text; None for a text that is no key of this model."""
    try:
        return model._meta.pk.to_python(object_id)
    except ValidationError:
        return None


def retrying(using: str, step: Callable[[], Answer]) -> Answer:
    """Run a step that is one transaction; deadlocks, serialization failures and a busy SQLite are
    retried a bounded number of times, and then TryAgain. Inside a caller's transaction it runs
    once: only the outermost may begin again.
    """
    if connections[using].in_atomic_block:
        return step()
    for attempt in range(1, TRIES + 1):
        try:
            return step()
        except OperationalError as error:
            if not is_passing(error):
                raise
            busy = error
        logger.info("database busy, try %s of %s", attempt, TRIES)
        time.sleep(FIRST_PAUSE_SECONDS * 2**attempt * random.uniform(0.5, 1))  # noqa: S311  not a secret
    raise TryAgain from busy


def reconnecting(using: str, step: Callable[[], Answer]) -> Answer:
    """The same, on a new connection when this one broke; again and again for a few seconds, as a
    server that is started anew needs. Nobody knows then whether the first commit came through:
    only for a step that counts once however often it runs.
    """
    for pause_seconds in RECONNECT_AFTER_SECONDS:
        try:
            return retrying(using, step)
        except (OperationalError, InterfaceError):
            connections[using].close()
        time.sleep(pause_seconds)
    return retrying(using, step)


def own_transaction(using: str) -> Any:
    """A transaction of the worker's own: never a part of somebody else's."""
    return transaction.atomic(using=using, durable=True)


def is_passing(error: Exception) -> bool:
    """Whether the database was only busy: the same transaction may succeed when it is run again."""
    if not isinstance(error, OperationalError):
        return False
    return _code_of(error) in PASSING or "locked" in str(error)


def is_broken(using: str) -> bool:
    """Whether nothing more comes of this connection; MariaDB's cannot say so once it is closed."""
    connection = connections[using]
    return connection.connection is None or not connection.is_usable()


def _code_of(error: Exception) -> Any:
    """PostgreSQL's SQLSTATE, MariaDB's error number; SQLite has only words."""
    cause = error.__cause__
    return getattr(cause, "sqlstate", None) or next(iter(getattr(cause, "args", ())), None)
