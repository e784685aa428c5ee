"""The wake-up token: a django-q2 task that says "drain"."""

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils.module_loading import import_string
from django_q.signing import SignedPackage

from .crew import crew, stopping
from .purse import Receipt

logger = logging.getLogger("workflows_app.queue")

#: What a token makes a worker do. By name, because the queue is below it in the layers.
DRAIN = "workflows_app.engine.drain.drain"
SPEND = f"{__name__}.spend"
NO_TIMEOUT = -1
AFTER_AN_ERROR = timedelta(seconds=1)


def token_task() -> str:
    """The signed django-q2 task that a token is."""
    task = {
        "id": "0" * 32,
        "name": "drain",
        "func": SPEND,
        "args": (),
        "kwargs": {},
        "save": False,
        "timeout": NO_TIMEOUT,
    }
    signed: str = SignedPackage.dumps(task)
    return signed


def spend() -> int:
    """Drain, in a worker; returns how many runs were performed."""
    try:
        performed = _drain()()
    except Exception:  # a token never fails: what is due stays due
        logger.exception("Draining failed; what is due stays due.")
        _rest()
        return 0
    if performed:
        _note_useful()
    return performed


def _drain() -> Callable[[], int]:
    drain: Callable[[], int] = import_string(DRAIN)
    return drain


def _rest() -> None:
    until = time.monotonic() + AFTER_AN_ERROR.total_seconds()
    while time.monotonic() < until and not stopping():
        time.sleep(0.02)


def _note_useful() -> None:
    ours = crew()
    if ours is not None:
        ours.purse.note_useful()


def give_back(task: dict[str, Any], **_signal: Any) -> None:
    """Return the token of a finished task at once (django-q2's ``post_execute_in_worker``)."""
    receipt = task.get("ack_id")
    if isinstance(receipt, Receipt):
        task["ack_id"] = None
        receipt.close()
