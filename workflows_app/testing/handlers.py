"""In place of the handlers and probes: who answers for them, and who looks on."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial, update_wrapper
from typing import Any

from workflows_app.contract.effects import Effect
from workflows_app.contract.registry import contracts


@dataclass(frozen=True)
class Asked:
    """What of an effect is called: its handler, or the probe that says what became of it."""

    effect: str
    #: "handler" or "probe".
    part: str
    #: As the script calls it: the effect's name, or that of the probe's function.
    name: str


#: Answers for a handler or a probe: (asked, object, run).
Stand = Callable[[Asked, Any, Any], Any]
#: Is told "handler.begun", "handler.ended", "probe.begun" and "probe.ended".
Onlooker = Callable[[str], None]

_lock = threading.Lock()
_stands: list[Stand] = []
_onlookers: list[Onlooker] = []
_replaced: list[tuple[Effect, str, Callable[[Any, Any], Any]]] = []


def effects() -> list[Effect]:
    """Every effect of every contract and what undoes it, once, however many contracts share it."""
    every = [one for contract in contracts() for one in contract.effects.values()]
    found = {id(one): one for effect in every for one in effect.with_undo()}
    return list(found.values())


@contextmanager
def standing_in(stand: Stand) -> Iterator[None]:
    """Have this answer for every handler and probe; the latest of several does."""
    with _entered(_stands, stand):
        yield


@contextmanager
def looking_on(onlooker: Onlooker) -> Iterator[None]:
    """Have this told when one of them begins and when it ends, whoever answers for it."""
    with _entered(_onlookers, onlooker):
        yield


@contextmanager
def _entered(group: list[Any], one: Any) -> Iterator[None]:
    with _lock:
        if not _replaced:
            for effect in effects():
                _stand_before(effect, "handler", effect.name)
                if effect.probe is not None:
                    _stand_before(effect, "probe", effect.probe.__name__)
        group.append(one)
    try:
        yield
    finally:
        with _lock:
            group.remove(one)
            while _replaced and not _stands and not _onlookers:
                _replace(*_replaced.pop())


def _stand_before(effect: Effect, part: str, name: str) -> None:
    original = getattr(effect, part)
    _replaced.append((effect, part, original))
    stand = partial(_perform, Asked(effect.name, part, name), original)
    _replace(effect, part, update_wrapper(stand, original))


def _perform(asked: Asked, original: Callable[[Any, Any], Any], obj: Any, run: Any) -> Any:
    onlookers = list(_onlookers)
    for onlooker in onlookers:
        onlooker(f"{asked.part}.begun")
    try:
        return _stands[-1](asked, obj, run) if _stands else original(obj, run)
    finally:
        for onlooker in onlookers:
            onlooker(f"{asked.part}.ended")


def _replace(effect: Effect, part: str, function: Callable[..., Any]) -> None:
    object.__setattr__(effect, part, function)  # a declaration is frozen for everybody else
