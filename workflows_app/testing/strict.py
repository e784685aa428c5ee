"""Strictness: a guard, a body or a handler that breaks the rules of the language fails its test.

What is seen: the statements on a connection, Python's audit events (a socket, a process), Django's
outbox, and the object before and after a guard.
"""

import copy
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core import mail
from django.db import Error, IntegrityError, connections

from workflows_app.contract.purity import only_reads
from workflows_app.contract.watching import Place, watched_by
from workflows_app.failures import ProtectedState
from workflows_app.models import EffectRun, Event, Operation


class BrokenRule(BaseException):
    """A guard, a body or a handler did what the language forbids.

    No Exception, as in pytest.fail(): what it tells of is not to be caught as one more failure.
    """


@dataclass(frozen=True)
class _Watched:
    """Whose code is at work in this thread, and how many transactions were open when it began."""

    place: Place
    name: str
    open_blocks: int


_now: ContextVar[_Watched | None] = ContextVar("workflow_watched", default=None)

#: Audit events of Python that reach out of this process.
_OUTSIDE = {
    "os.posix_spawn",
    "os.system",
    "socket.connect",
    "socket.getaddrinfo",
    "socket.gethostbyname",
    "socket.sendto",
    "subprocess.Popen",
}
_WRITE = re.compile(r"\s*(INSERT\s+INTO|UPDATE|DELETE\s+FROM|REPLACE\s+INTO)\s+[\"`]?(\w+)", re.I)


@contextmanager
def strict() -> Iterator[None]:
    """Raise BrokenRule where users' code breaks the rules of the language, in every thread.

    A guard neither queries (unless ``reads=True``: ContractError) nor changes its object. A body
    opens no connection, starts no process, sends no mail, calls no effect, writes to no other
    database, asks others by ``cmd.execute()``, and lets a database error pass. A handler calls
    nobody outside while a transaction is open, writes to no row of ours, and leaves the object's
    state to ``run.execute()``. The pytest plugin has it on for every test.
    """
    _listen()
    with watched_by(_stand_round):
        yield


def _stand_round(place: Place, what: Any, obj: Any, using: str | None) -> Any:
    standing: dict[Place, Callable[[str, Any, str | None], AbstractContextManager[None]]] = {
        Place.GUARD: _round_guard,
        Place.BODY: _round_body,
        Place.HANDLER: _round_handler,
        Place.ENGINE: _round_engine,
    }
    return standing[place](getattr(what, "name", ""), obj, using)


@contextmanager
def _round_guard(name: str, obj: Any, using: str | None) -> Iterator[None]:
    before = _columns(obj)
    with _at(Place.GUARD, name):
        yield
    after = _columns(obj)
    if changed := sorted(one for one in before if before[one] != after.get(one)):
        raise BrokenRule(
            f"Guard {name} changed {', '.join(changed)} of its object. A guard answers a question;"
            " change columns in the body of the transition."
        )


@contextmanager
def _round_body(name: str, obj: Any, using: str | None) -> Iterator[None]:
    sent, swallowed = _sent(), list[Error]()
    with ExitStack() as stack:
        stack.enter_context(_at(Place.BODY, name))
        for connection in connections.all():
            wrapper = (
                _noting_errors(connection, swallowed)
                if connection.alias == using
                else _refusing_writes(connection.alias, name)
            )
            stack.enter_context(connection.execute_wrapper(wrapper))
        yield
    if _sent() > sent:
        raise BrokenRule(
            f"The body of {name} sent mail. If the command is refused after all, the mail is out:"
            " declare an effect, and name it in effects=[...]."
        )
    if swallowed:
        raise BrokenRule(
            f"The body of {name} caught {type(swallowed[0]).__name__} ({swallowed[0]}) and went on"
            " in a transaction that is broken on PostgreSQL. Put a savepoint round what may fail:"
            " with transaction.atomic(): ..., inside the try."
        ) from swallowed[0]


@contextmanager
def _round_handler(name: str, obj: Any, using: str | None) -> Iterator[None]:
    if (outer := _now.get()) and outer.place in (Place.GUARD, Place.BODY):
        raise BrokenRule(
            f"The {outer.place.value} {outer.name} calls the effect {name}. An effect runs after"
            " the commit: name it in effects=[...] of the transition."
        )
    with ExitStack() as stack:
        stack.enter_context(_at(Place.HANDLER, name))
        for connection in connections.all():
            stack.enter_context(connection.execute_wrapper(_refusing_our_rows))
        try:
            yield
        except ProtectedState as error:
            raise BrokenRule(f"The handler of {name} changes a state: {error}") from error


@contextmanager
def _round_engine(name: str, obj: Any, using: str | None) -> Iterator[None]:
    if (outer := _now.get()) and outer.place in (Place.GUARD, Place.BODY):
        raise BrokenRule(
            f"The {outer.place.value} {outer.name} calls execute() for {name}. A body writes"
            " cmd.execute(obj.<transition>): it runs when this object is saved, in its turn."
        )
    with _at(Place.ENGINE, name):
        yield


@contextmanager
def _at(place: Place, name: str) -> Iterator[None]:
    token = _now.set(_Watched(place, name, _open_blocks()))
    try:
        yield
    finally:
        _now.reset(token)


def _noting_errors(connection: Any, swallowed: list[Error]) -> Callable[..., Any]:
    """Remember a database error that no savepoint of the body's own stands round."""
    begun = _savepoints(connection)

    def execute(run: Any, statement: str, parameters: Any, many: Any, context: Any) -> Any:
        try:
            return run(statement, parameters, many, context)
        except Error as error:
            if _savepoints(connection) == begun:
                swallowed.append(error)
            raise

    return execute


def _refusing_writes(alias: str, name: str) -> Callable[..., Any]:
    def execute(run: Any, statement: str, parameters: Any, many: Any, context: Any) -> Any:
        if not only_reads(statement):
            raise BrokenRule(
                f"The body of {name} writes to the database {alias!r}: {statement[:200]} That is no"
                " part of its transaction. Let an effect do it."
            )
        return run(statement, parameters, many, context)

    return execute


def _refusing_our_rows(run: Any, statement: str, parameters: Any, many: Any, context: Any) -> Any:
    watched = _now.get()
    if watched is None or watched.place is not Place.HANDLER:
        return run(statement, parameters, many, context)
    written = _WRITE.match(statement)
    if written and _is_ours(written[2], inserts=written[1].upper().startswith("INSERT")):
        raise BrokenRule(
            f"The handler of {watched.name} writes to {written[2]}: these rows are the worker's."
            " Return a dict, raise a failure, or call run.execute()."
        )
    try:
        return run(statement, parameters, many, context)
    except IntegrityError as error:
        if "execute(obj.<transition>" in str(error):
            raise BrokenRule(f"The handler of {watched.name} changes a state: {error}") from error
        raise


def _is_ours(table: str, *, inserts: bool) -> bool:
    """Whether only the engine writes so: a new workflow object that is saved has an operation."""
    return table in {EffectRun._meta.db_table, Event._meta.db_table} or (
        table == Operation._meta.db_table and not inserts
    )


@cache
def _listen() -> None:
    """Hear of what leaves this process; an audit hook cannot be taken away again."""
    sys.addaudithook(_refuse_outside)


def _refuse_outside(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _OUTSIDE or (watched := _now.get()) is None:
        return
    if watched.place in (Place.GUARD, Place.BODY):
        raise BrokenRule(
            f"The {watched.place.value} {watched.name} reaches outside ({event}) while a"
            " transaction is open. Declare an effect: it runs after the commit."
        )
    if watched.place is Place.HANDLER and _open_blocks() > watched.open_blocks:
        raise BrokenRule(
            f"The handler of {watched.name} calls somebody outside ({event}) in a transaction of"
            " its own. End the transaction first: locks are held as long as the answer takes."
        )


def _open_blocks() -> int:
    return sum(len(one.atomic_blocks) for one in connections.all(initialized_only=True))


def _savepoints(connection: Any) -> int:
    """How many there are; a block without one of its own leaves None."""
    return sum(one is not None for one in connection.savepoint_ids)


def _sent() -> int:
    return len(getattr(mail, "outbox", ()))


def _columns(obj: Any) -> dict[str, Any]:
    """What is loaded of the object's columns: a JSON column may be changed in place."""
    names = {field.attname for field in obj._meta.concrete_fields} if hasattr(obj, "_meta") else ()
    return {name: copy.deepcopy(obj.__dict__[name]) for name in names if name in obj.__dict__}
