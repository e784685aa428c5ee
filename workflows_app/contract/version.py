"""The version of a contract: a digest of all that it means, and of nothing it only says."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from .data import shape_of
from .effects import Effect, Retry
from .states import State
from .transitions import Transition
from .who import Who

DIGITS = 12


def version_of(
    states: Iterable[State],
    ways: Iterable[Transition],
    effects: Iterable[Effect],
    seen_by: Who,
    secret: Iterable[str],
) -> str:
    """12 hex digits, the same in every process, language and order of writing.

    Labels, messages, docstrings and former names may change without a new version.
    """
    table = {
        "states": {str(state): _state(state) for state in states},
        "transitions": sorted((_way(way) for way in ways), key=json.dumps),
        "effects": {effect.name: _effect(effect) for effect in effects},
        "seen_by": repr(seen_by),
        "secret": sorted(secret),
    }
    text = json.dumps(table, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def _state(state: State) -> dict[str, Any]:
    return {
        "owner": repr(state.owner) if state.owner else None,
        "marks": [state.initial, state.final, state.cancelled],
        "required": sorted(state.required),
        "editable": None if state.editable is None else _editable(state.editable),
    }


def _editable(editable: Mapping[Who, tuple[str, ...]]) -> list[tuple[str, list[str]]]:
    """A list: two roles that are filters may be written alike."""
    return sorted((repr(who), sorted(columns)) for who, columns in editable.items())


def _way(way: Transition) -> dict[str, Any]:
    return {
        "name": way.name,
        "sources": sorted(way.sources),
        "effects": {
            str(target): [effect.name for effect in way.effects_for(target)]
            for target in sorted(way.targets, key=str)
        },
        "by": repr(way.by),
        "data": _data(way.data),
        "guards": sorted(guard.code for guard in way.guards),
        "version_required": way.version_required,
    }


def _data(declared: Any) -> Any:
    """Which members there are and which must be sent; a class that does not tell is its name."""
    shape = shape_of(declared)
    if shape is None:
        return None
    fields = getattr(shape(data={}), "fields", None)
    if fields is None:
        return str(getattr(shape, "__qualname__", ""))
    writable = {n: one for n, one in fields.items() if not getattr(one, "read_only", False)}
    return {name: bool(getattr(one, "required", True)) for name, one in writable.items()}


def _effect(effect: Effect) -> dict[str, Any]:
    return {
        "safety": effect.safety,
        "retry": _retry(effect.retry),
        "timeout": effect.timeout.total_seconds(),
        "window": effect.window.total_seconds() if effect.window else None,
        "carries": sorted(effect.carries),
        "fails_with": sorted(f"{one.code} {one.kind}" for one in effect.fails_with),
        "then": effect.then,
        "otherwise": effect.otherwise,
        "owner": repr(effect.owner) if effect.owner else None,
        "lane": effect.lane,
    }


def _retry(retry: Retry) -> list[Any]:
    lengths = (retry.first, retry.cap, retry.give_up_after)
    return [retry.times, *(one.total_seconds() for one in lengths)]
