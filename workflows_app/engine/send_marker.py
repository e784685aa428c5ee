"""The send marker: that a committed effect is about to leave is on record before it leaves."""

import logging
import time

from workflows_app.conf import settings
from workflows_app.contract.effects import Effect
from workflows_app.models import EffectRun

from .answers import Failed
from .hand_back import NEVER_LEFT, hand_back
from .record import Record
from .settle_many import Finished

logger = logging.getLogger("workflows_app")

#: How much of the lease may be over when the handler begins.
YOUNG = 1 / 3


def mark_sent(record: Record, run: EffectRun, effect: Effect) -> bool:
    """Put on record that this attempt is about to leave; whether it may.

    Committed under the run's fence: without the mark it has certainly not left, with the
    mark and without an outcome it is in doubt. It must not leave when the lease has ended,
    somebody else has decided, or so much time went by since that the lease may end before the
    answer: the last is handed back.
    """
    began = time.monotonic()
    marked = record.mark(run)
    run.sent_fence = run.fence
    if not marked:
        logger.warning("run %s was decided elsewhere before it was sent", run.id)
        return False
    if time.monotonic() - began < settings.LEASE.total_seconds() * YOUNG:
        return True
    logger.warning("run %s was marked as sent too long ago, and is handed back", run.id)
    if not hand_back(record.using, run):
        record.settle(Finished(run, effect, Failed(NEVER_LEFT), 0.0))
    return False
