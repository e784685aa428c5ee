"""In place of the handlers: who answers for an effect, and who looks on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from workflows_app.contract.effects import Effect
from workflows_app.contract.registry import contracts

#: Answers for an effect's handler: (name, object, run).
Stand = Callable[[str, Any, Any], Any]
#: Is told "handler.begun" and "handler.ended".
Onlooker = Callable[[str], None]

_lock = threading.Lock()
_stands: list[Stand] = []
_onlookers: list[Onlooker] = []
_replaced: list[tuple[Effect, Callable[[Any, Any], Any]]] = []


def effects() -> list[Effect]:
    """Every effect of every contract, once, however many contracts share it."""
    found = {id(one): one for contract in contracts() for one in contract.effects.values()}
    return list(found.values())


@contextmanager
def standing_in(stand: Stand) -> Iterator[None]:
    """Have this answer for every handler; the latest of several does."""
    with _entered(_stands, stand):
        yield


@contextmanager
def looking_on(onlooker: Onlooker) -> Iterator[None]:
    """Have this told when a handler begins and when it ends, whoever answers for it."""
    with _entered(_onlookers, onlooker):
        yield


@contextmanager
def _entered(group: list[Any], one: Any) -> Iterator[None]:
    with _lock:
        if not _replaced:
            for effect in effects():
                _replaced.append((effect, effect.handler))
                _replace(effect, partial(_perform, effect.name, effect.handler))
        group.append(one)
    try:
        yield
    finally:
        with _lock:
            group.remove(one)
            while _replaced and not _stands and not _onlookers:
                _replace(*_replaced.pop())


def _perform(name: str, handler: Callable[[Any, Any], Any], obj: Any, run: Any) -> Any:
    onlookers = list(_onlookers)
    for onlooker in onlookers:
        onlooker("handler.begun")
    try:
        return _stands[-1](name, obj, run) if _stands else handler(obj, run)
    finally:
        for onlooker in onlookers:
            onlooker("handler.ended")


def _replace(effect: Effect, handler: Callable[..., Any]) -> None:
    object.__setattr__(effect, "handler", handler)  # a declaration is frozen for everybody else
