"""Names that last: ids that sort by time, object types, object ids, actors."""

import os
import threading
import time
import uuid
from typing import Any

from django.db.models import Model

_thread = threading.local()


def uuid7() -> uuid.UUID:
    """A UUID version 7 (RFC 9562): 48 bits of Unix milliseconds, then random bits.

    Each is greater than the one before it in this thread, so what happened in one millisecond
    keeps its order: within it, the random bits grow by a random step.
    """
    latest: int = getattr(_thread, "latest", 0)
    fresh = (time.time_ns() // 1_000_000 << 74) | _random(74)
    value = fresh if fresh >> 74 > latest >> 74 else latest + 1 + _random(32)
    _thread.latest = value
    milliseconds, above, below = value >> 74, value >> 62 & 0xFFF, value & ((1 << 62) - 1)
    return uuid.UUID(int=milliseconds << 80 | 0x7 << 76 | above << 64 | 0x2 << 62 | below)


def _random(bits: int) -> int:
    return int.from_bytes(os.urandom(10), "big") >> (80 - bits)


def object_type_of(obj: Model | type[Model]) -> str:
    """The stable text that stands for the model: ``app_label.model`` of the concrete model, or
    what it was before the model was renamed (``workflow_object_type``).
    """
    concrete: Any = obj._meta.concrete_model
    kept: str = getattr(concrete, "workflow_object_type", "")
    return kept or str(concrete._meta.label_lower)


def object_id_of(obj: Model) -> str:
    """The key as text, as the triggers render it."""
    return str(obj.pk)
