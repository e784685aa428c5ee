"""Listeners: the transitions that a message runs, as SYSTEM, once."""

from collections.abc import Iterator, Mapping
from typing import Any

from workflows_app.contract.contract import Contract
from workflows_app.contract.data import keep_declared
from workflows_app.contract.messages import OnMessage
from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import contracts
from workflows_app.contract.transitions import Transition
from workflows_app.models import Message, Operation
from workflows_app.models.identity import object_id_of

from .accept import execute
from .locking import own_transaction
from .notes import NOBODY_FOUND, UNHEARD, Looked, Note, Trouble, Used, note_object, note_used
from .request import Cause

Listener = tuple[Contract, Transition, OnMessage]

SEVERAL = Trouble(
    Note("several_found", "More than one object is found by it, and a message is about one.")
)


def run_listener(using: str, message: Message) -> Looked:
    """Run the transition that listens to this message, on the object it is about.

    One transaction: the command under a key made of the message, and the message's own row.
    Raises what refuses the command, and what ``finds`` and ``data`` raise.
    """
    listening = list(listeners_to(message.endpoint, message.type))
    if not listening:
        return UNHEARD
    found = list(_found(using, message, listening))
    if not found:
        return NOBODY_FOUND
    (contract, transition, listener), obj = _the_one_that_may(found)
    if isinstance(obj, Trouble):
        return obj
    if obj is not None:
        note_object(using, message, contract.object_type, object_id_of(obj))
    with own_transaction(using):
        operation = _give(message, contract, transition, listener, obj)
        note_used(using, message, operation)
    return Used()


def listeners_to(endpoint: str, type: str) -> Iterator[Listener]:
    """Everything in the contracts that a message of this type runs, in the order written."""
    for contract in contracts():
        for transition in contract.transitions.values():
            for listener in transition.messages:
                if listener.listens_to(endpoint, type):
                    yield contract, transition, listener


def _found(
    using: str, message: Message, listening: list[Listener]
) -> Iterator[tuple[Listener, Any]]:
    """Each listener with its object: None where it creates one, SEVERAL where there is no one."""
    for one in listening:
        contract, transition, listener = one
        if transition.creates:
            yield one, None
        elif objects := _find(using, contract, listener, message.payload):
            yield one, objects[0] if len(objects) == 1 else SEVERAL


def _find(using: str, contract: Contract, listener: OnMessage, payload: Any) -> list[Any]:
    """At most two objects. A message that does not name a value names nobody."""
    columns = listener.finds(payload) if listener.finds else None
    if not isinstance(columns, Mapping) or not columns or None in columns.values():
        return []
    return list(contract.model._base_manager.using(using).filter(**columns)[:2])


def _the_one_that_may(found: list[tuple[Listener, Any]]) -> tuple[Listener, Any]:
    """The first whose object stands where its transition begins; else the first, to be refused."""
    return next((one for one in found if _begins_here(*one)), found[0])


def _begins_here(listener: Listener, obj: Any) -> bool:
    contract, transition, _ = listener
    if obj is None or isinstance(obj, Trouble):
        return obj is None
    return contract.state_of(obj) in transition.sources


def _give(
    message: Message, contract: Contract, transition: Transition, listener: OnMessage, obj: Any
) -> Operation:
    way = transition if obj is None else transition.at(contract.state_of(obj))
    data = None if way.data is None else keep_declared(way.data, listener.data(message.payload))
    return execute(
        getattr(contract.model if obj is None else obj, transition.name),
        by=SYSTEM,
        data=data,
        key=f"{message.as_cause()}:{transition.every_name[0]}",
        cause=Cause(message.as_cause()),
    )
