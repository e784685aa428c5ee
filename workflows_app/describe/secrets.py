"""Secrets: what a contract says is never shown."""

from collections.abc import Collection
from typing import Any

HIDDEN = "•••"


def redact(value: Any, secret: Collection[str]) -> Any:
    """A copy in which every member of a secret name is hidden, however deep it stands."""
    if isinstance(value, dict):
        return {
            name: HIDDEN if name in secret and inner not in (None, "") else redact(inner, secret)
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact(inner, secret) for inner in value]
    return value
