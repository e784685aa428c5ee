"""The forms that words of a declaration take: names, lists, durations, plain functions."""

import inspect
import re
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from workflows_app.failures import ContractError

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_LONGEST_NAME = 100


def listed(what: str, given: Any) -> tuple[Any, ...]:
    """A list as written. A bare text or a single thing is refused: it was meant as a list."""
    if not isinstance(given, list | tuple):
        raise ContractError(f"{what} takes a list; write [{_shown(given)}].")
    if twice := sorted({_shown(one) for one in given if given.count(one) > 1}):
        raise ContractError(f"{what} names {', '.join(twice)} twice.")
    return tuple(given)


def names(what: str, given: Any) -> tuple[str, ...]:
    """A list of texts."""
    found = listed(what, given)
    if wrong := [one for one in found if not isinstance(one, str) or not one]:
        raise ContractError(f"{what} lists names as texts, not {wrong[0]!r}.")
    return found


def name(what: str, given: Any) -> str:
    """A name that programs and addresses use."""
    if not (isinstance(given, str) and _NAME.match(given) and len(given) <= _LONGEST_NAME):
        raise ContractError(
            f"{what} is {given!r}; write small letters, digits and _ (at most {_LONGEST_NAME})."
        )
    return given


def duration(what: str, given: Any) -> timedelta:
    """A length of time that is longer than nothing."""
    if not isinstance(given, timedelta) or given <= timedelta(0):
        raise ContractError(f"{what} is a timedelta longer than nothing, not {given!r}.")
    return given


def plain_function(what: str, function: Any, arguments: Iterable[int]) -> int:
    """How many arguments it takes. Refuses what would not run when called: async, generators."""
    counts = list(arguments)
    shape = " or ".join(f"{count} argument{'s' * (count > 1)}" for count in counts)
    if not inspect.isfunction(function) or _runs_later(function):
        raise ContractError(f"{what}: write a plain def of {shape}, not {_shown(function)}.")
    parameters = inspect.signature(function).parameters.values()
    if len(parameters) not in counts or any(not _is_plain(one) for one in parameters):
        raise ContractError(f"{what}: it takes {inspect.signature(function)}; write {shape}.")
    return len(parameters)


def _runs_later(function: Callable[..., Any]) -> bool:
    return (
        inspect.iscoroutinefunction(function)
        or inspect.isgeneratorfunction(function)
        or inspect.isasyncgenfunction(function)
    )


def _is_plain(parameter: inspect.Parameter) -> bool:
    positional = parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    return positional and parameter.default is parameter.empty


def _shown(given: Any) -> str:
    return str(getattr(given, "name", None) or getattr(given, "__name__", None) or repr(given))
