"""Performing: one attempt of one effect, outside any transaction."""

import logging
import time
from datetime import timedelta
from typing import Any

from workflows_app.conf import settings
from workflows_app.contract.effects import Effect, Safety
from workflows_app.failures import Recorded
from workflows_app.models import EffectRun
from workflows_app.models.clock import database_now

from .answers import Answer, Failed, Hopeless, last_attempt_before
from .hand_back import NEVER_LEFT, hand_back, snooze
from .hear import hear
from .record import Record
from .run import Run
from .run_statements import is_unwanted
from .send_marker import mark_sent
from .settle import settle
from .settle_many import Finished
from .signals import attempt_answered

#: The database may look at its clock twice while it claims.
A_MOMENT = timedelta(seconds=1)

logger = logging.getLogger("workflows_app")

GONE = Recorded("object_gone", "The object does not exist any more.", "rejected")
TOO_LATE = Recorded("key_expired", "The remote's idempotency key has expired.", "not_sent")


def perform(
    using: str,
    row: EffectRun,
    effect: Effect | None,
    obj: Any,
    record: Record | None = None,
) -> None:
    """Make one attempt and settle it. A worker that does not know the effect hands it back.

    ``record``: how it is put on record; by itself, if nothing else is said.
    """
    record = record or Record(using)
    if effect is None:
        snooze(using, row)
        return
    began = time.monotonic()
    answer = _refuse_hopeless(using, row, effect, obj) or _refuse_unwanted(using, row, effect)
    if answer is None and effect.safety is Safety.COMMITTED and not mark_sent(record, row, effect):
        return
    answer = answer or _attempt(using, row, effect, obj)
    seconds = time.monotonic() - began
    attempt_answered.send(EffectRun, run=row, effect=effect, answer=answer)
    if not record.settle(Finished(row, effect, answer, seconds)):
        logger.warning("run %s was decided elsewhere; this answer came late", row.id)


def give_back(using: str, row: EffectRun, effect: Effect | None) -> None:
    """Hand back a claimed run that was not begun; one not wanted any more is settled instead."""
    if not hand_back(using, row) and effect and is_unwanted(using, row):
        settle(using, row, effect, Failed(NEVER_LEFT), 0.0)


def _refuse_hopeless(using: str, row: EffectRun, effect: Effect, obj: Any) -> Answer | None:
    """The answer of an attempt that must not be made: no object, or a key past its window."""
    if obj is None:
        return Hopeless(GONE)
    if effect.safety is not Safety.KEYED or _has_just_begun(row):
        return None
    if database_now(using) < last_attempt_before(row, effect):
        return None
    return Hopeless(TOO_LATE)


def _has_just_begun(row: EffectRun) -> bool:
    """Whether its key is as old as this claim: the first of all, or the first of a new intent."""
    if row.attempts > 1 or row.first_attempt_at is None or row.lease_until is None:
        return False
    return bool(row.lease_until - row.first_attempt_at <= settings.LEASE + A_MOMENT)


def _refuse_unwanted(using: str, row: EffectRun, effect: Effect) -> Answer | None:
    """The answer of an attempt that was superseded between the claim and now.

    The send marker of a committed effect looks itself; what is harmless to repeat, and nothing
    undoes, is not worth a look.
    """
    harmless = effect.safety is Safety.REPLAY_SAFE and row.lane is None and effect.undo is None
    if harmless or effect.safety is Safety.COMMITTED or not is_unwanted(using, row):
        return None
    return Hopeless(NEVER_LEFT)


def _attempt(using: str, row: EffectRun, effect: Effect, obj: Any) -> Answer:
    run = Run(using, row, effect)
    may_be_out = effect.safety is Safety.COMMITTED
    return hear(effect, row.id, lambda: effect(obj, run), may_be_out=may_be_out)
