"""Handing back: a run that was taken and not begun goes to whoever takes it next."""

import logging
from typing import Any

from django.db.models import F

from workflows_app.failures import Recorded
from workflows_app.models import EffectRun, RunState
from workflows_app.models.clock import DatabaseNow

from .follow_up import SNOOZE
from .locking import retrying

NEVER_LEFT = Recorded("never_left", "It was not sent.", "not_sent")

logger = logging.getLogger("workflows_app")


def snooze(using: str, row: EffectRun) -> None:
    """Put back what only newer code can do, for later and without spending an attempt."""
    logger.error("no effect %s for %s in this worker's code", row.effect, row.object_type)
    _hand_back(using, row, DatabaseNow() + SNOOZE)


def hand_back(using: str, row: EffectRun) -> bool:
    """Put back at once what was taken and not begun, without spending an attempt.

    False when it is no longer this worker's, or superseded: what is not wanted is not queued.
    """
    return _hand_back(using, row, DatabaseNow())


def _hand_back(using: str, row: EffectRun, due: Any) -> bool:
    if row.state != RunState.RUNNING:
        return _do_not_ask(using, row, due)

    back = {
        "state": RunState.QUEUED,
        "attempts": F("attempts") - 1,
        "lease_until": None,
        "sent_at": None,
        "sent_fence": None,
        "due": due,
        "first_attempt_at": None if row.attempts == 1 else row.first_attempt_at,
    }
    wanted = _mine(using, row).filter(superseded_by__isnull=True)
    return bool(retrying(using, lambda: wanted.update(**back)))


def _do_not_ask(using: str, row: EffectRun, due: Any) -> bool:
    """Put back what was taken to be asked for."""
    asked = {"state": row.state, "fence": row.fence, "probes": row.probes}
    mine = EffectRun.objects.using(using).filter(pk=row.pk, **asked)
    return bool(retrying(using, lambda: mine.update(due=due, probes=F("probes") - 1)))


def _mine(using: str, row: EffectRun) -> Any:
    return EffectRun.objects.using(using).filter(pk=row.pk, state=RunState.RUNNING, fence=row.fence)
