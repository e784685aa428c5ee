"""The version of a contract: a digest of all that it means, and of nothing it only says."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from .clock_table import Clock
from .confirmation import External
from .data import shape_of
from .effects import Effect
from .groups import Entry
from .retry import Retry
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
    clocks: Iterable[Clock] = (),
    override: Who | None = None,
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
        **({"override": repr(override)} if override else {}),
    }
    if timed := sorted((_clock(clock) for clock in clocks), key=json.dumps):
        table["clocks"] = timed
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


def _clock(clock: Clock) -> dict[str, Any]:
    after = clock.after
    return {
        "name": clock.name,
        "then": clock.then,
        "amounts": [_amount(one) for one in (after.amount, after.every, after.at)],
        "hours": type(after.hours).__qualname__ if after.hours else None,
        "states": [sorted(clock.runs_in), sorted(clock.pauses_in)],
    }


def _amount(given: Any) -> Any:
    """Seconds, the name of a column, or of a function: what that does cannot be told."""
    if isinstance(given, timedelta):
        return given.total_seconds()
    if given is None or isinstance(given, str):
        return given
    return f"{getattr(given, '__qualname__', type(given).__qualname__)}()"


def _way(way: Transition) -> dict[str, Any]:
    return {
        "name": way.name,
        "sources": sorted(way.sources),
        "effects": {
            str(target): [_entry(entry) for entry in way.effects_for(target)]
            for target in sorted(way.targets, key=str)
        },
        "by": repr(way.by),
        "data": _data(way.data),
        "guards": sorted(guard.code for guard in way.guards),
        "version_required": way.version_required,
        **_messages(way),
        **_ends(way),
    }


def _messages(way: Transition) -> dict[str, Any]:
    """The messages that run it; nothing for most, whose versions are those they always had."""
    said = sorted([one.endpoint or "", *sorted(one.types)] for one in way.messages)
    return {"messages": said} if said else {}


def _ends(way: Transition) -> dict[str, Any]:
    """What most transitions leave unsaid: only what is said makes the digest another."""
    ended = way.supersedes
    said = {
        "supersedes": ended if isinstance(ended, str) else sorted(one.name for one in ended),
        "undoes": sorted(one.name for one in way.undoes),
    }
    return {word: value for word, value in said.items() if value}


def _entry(entry: Entry) -> Any:
    if isinstance(entry, Effect):
        return entry.name
    return {**entry.frozen(), "members": [_entry(member) for member in entry.members]}


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
        **{word: value for word, value in _beyond(effect).items() if value},
    }


def _beyond(effect: Effect) -> dict[str, Any]:
    """What most effects leave unsaid: only what is said makes the digest another."""
    said = effect.safety == "committed"
    return {
        "accepted_then": effect.accepted_then,
        "confirmed_by": _confirmation(effect.confirmed_by) if effect.confirmed_by else None,
        "probe": effect.probe is not None,
        "undo": effect.undo.name if effect.undo else None,
        "undo_waiting": effect.undo_waiting,
        "max_running": effect.max_running,
        "per": effect.per if isinstance(effect.per, str) else bool(effect.per),
        "settle": effect.settle.total_seconds() if said else None,
        "resend_after_probe": effect.resend_after_probe,
        "doubt_deadline": effect.doubt_deadline.total_seconds() if said else None,
    }


def _confirmation(external: External) -> list[Any]:
    every = external.every.total_seconds() if external.every else None
    within = external.within.total_seconds()
    return [external.endpoint, sorted(external.types), within, external.otherwise, every]


def _retry(retry: Retry) -> list[Any]:
    lengths = (retry.first, retry.cap, retry.give_up_after)
    return [retry.times, *(one.total_seconds() for one in lengths)]
