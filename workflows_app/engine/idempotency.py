"""One key, one operation: who asked, under which key, for what exactly."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from workflows_app.contract.data import as_json
from workflows_app.contract.people import SYSTEM
from workflows_app.contract.transitions import Transition
from workflows_app.failures import ContractError, Forbidden, KeyReused
from workflows_app.models import Operation

SYSTEM_ACTOR = "system"

_LONGEST_KEY: int = Operation._meta.get_field("key").max_length or 0


def actor_of(by: Any) -> str:
    """The text that stands for who did it: ``user:7`` or ``system``.

    Raises Forbidden for somebody anonymous: a command needs somebody.
    """
    if by is SYSTEM:
        return SYSTEM_ACTOR
    if by is None or not hasattr(by, "is_authenticated"):
        raise ContractError(f"by= takes a user or SYSTEM, not {by!r}.")
    if not by.is_authenticated:
        raise Forbidden("Log in first: a command needs somebody who gives it.")
    return f"user:{by.pk}"


def actor_label(by: Any) -> str:
    """The name people know the actor by, kept with the operation."""
    if by is SYSTEM:
        return "the system"
    full_name = by.get_full_name() if hasattr(by, "get_full_name") else ""
    return str(full_name or by.get_username())[:200]


def fingerprint(
    transition: str, object_type: str, object_id: str, data: Mapping[str, Any] | None
) -> str:
    """What a key stands for: SHA-256 over canonical JSON of transition, object and data."""
    request = [transition, object_type, object_id, as_json(data or {})]
    text = json.dumps(request, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def fingerprints(
    transition: Transition, object_type: str, object_id: str, data: Mapping[str, Any] | None
) -> tuple[str, ...]:
    """That under each name of the transition, oldest first: the first one is stored."""
    return tuple(fingerprint(one, object_type, object_id, data) for one in transition.every_name)


def key_hash(key: str | None) -> str | None:
    """What the unique index compares; None for a command without a key."""
    return None if key is None else hashlib.sha256(key.encode()).hexdigest()


def receipt(by: Any, key: str | None, **said: Any) -> dict[str, Any]:
    """What an operation records of who asked for it and under which key, and what else was said."""
    return {
        "actor": actor_of(by),
        "actor_label": actor_label(by),
        "key": key,
        "key_hash": key_hash(key),
        **said,
    }


def derived_key(*parts: str) -> str:
    """A key made of other names; what would be too long to store ends in its SHA-256."""
    key = ":".join(parts)
    if len(key) <= _LONGEST_KEY:
        return key
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"{key[: _LONGEST_KEY - len(digest) - 1]}:{digest}"


def earlier_answer(
    using: str, actor: str, key: str | None, request: str, *renamed: str
) -> Operation | None:
    """The operation this actor's key already stands for, marked as replayed.

    ``request`` is the fingerprint of what is asked now, ``renamed`` are those it had or may get
    under other names of its transition. Raises KeyReused where the key stands for something else.
    """
    if key is None:
        return None
    found = Operation.objects.using(using).under_key(actor, key_hash(key))
    if found is None:
        return None
    if found.fingerprint not in (request, *renamed):
        raise KeyReused(facts={"operation": str(found.id)})
    found.replayed = True
    return found
