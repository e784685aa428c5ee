"""What the effects of the test contract call: a test replaces ``answer`` with what it needs."""

from collections.abc import Callable
from typing import Any

answers: dict[str, Callable[[Any, Any], Any]] = {}


def call(effect: str, obj: Any, run: Any) -> Any:
    """Answer as the test said; by default with an empty result. A script stands in for this."""
    return answers[effect](obj, run) if effect in answers else {}


def obey(name: str, *given: Any) -> Any:
    """Do what the test said under this name; nothing, if it said nothing."""
    return answers[name](*given) if name in answers else None


def forget() -> None:
    """Begin a new test."""
    answers.clear()
