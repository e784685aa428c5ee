"""Performing: one attempt of one effect, outside any transaction."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db.models import F

from workflows_app.conf import settings
from workflows_app.contract.data import as_json
from workflows_app.contract.effects import Effect, Safety
from workflows_app.contract.people import SYSTEM
from workflows_app.contract.watching import Place, inside
from workflows_app.failures import Failure, Invalid, Recorded, Refused, Unknown
from workflows_app.models import EffectRun, Operation, RunState
from workflows_app.models.clock import DatabaseNow, database_now

from .accept import execute
from .answers import Answer, Failed, Happened, Hopeless, last_attempt_before
from .follow_up import SNOOZE
from .locking import retrying
from .request import Cause, key_for
from .settle import settle
from .settle_many import Finished, may_wait
from .signals import attempt_answered
from .traces import untold

logger = logging.getLogger("workflows_app")

GONE = Recorded("object_gone", "The object does not exist any more.", "rejected")
UNEXPECTED_RESULT = Recorded(
    "unexpected_result",
    "The effect returned something else than a dict of JSON values.",
    "unknown",
)
TOO_LATE = Recorded("key_expired", "The remote's idempotency key has expired.", "not_sent")


class Run:
    """What a handler sees as ``run``."""

    def __init__(self, using: str, row: EffectRun, effect: Effect) -> None:
        self._using, self._row = using, row
        self._ends = time.monotonic() + effect.timeout.total_seconds()

    @property
    def key(self) -> str:
        """The idempotency key: the same in every attempt of the same intent."""
        return self._row.key

    @property
    def attempt(self) -> int:
        """Which attempt this is; 1 is the first."""
        return self._row.attempts

    @property
    def data(self) -> dict[str, Any]:
        """The command's data and the carried columns, frozen at the commit, in JSON form."""
        return dict(self._row.data)

    @property
    def operation(self) -> Operation:
        """The operation that asked for the effect."""
        return self._row.operation

    @property
    def remaining(self) -> timedelta:
        """How much of the effect's time-out is left: give it to the client library."""
        return timedelta(seconds=max(0.0, self._ends - time.monotonic()))

    def execute(
        self, command: Any, *, data: Mapping[str, Any] | None = None, reason: str = ""
    ) -> Operation:
        """Run a transition of any object: ``run.execute(loan.invoice.settle, data={...})``.

        A transaction of its own, by the system because of this run. Its key is derived from the
        run, the transition and the object, so another attempt gets the first operation again.
        Raises what ``execute()`` raises.
        """
        return execute(
            command,
            by=SYSTEM,
            data=data,
            key=key_for(f"run:{self.key}", command),
            reason=reason,
            cause=Cause(self._row.as_cause()),
            traceparent=self._row.operation.traceparent,
        )

    def heartbeat(self) -> bool:
        """Renew the lease of a long attempt; False when somebody else has decided meanwhile."""
        mine = EffectRun.objects.using(self._using).filter(
            pk=self._row.pk, state=RunState.RUNNING, fence=self._row.fence
        )
        until = DatabaseNow() + settings.LEASE
        with inside(Place.ENGINE):
            return bool(retrying(self._using, lambda: mine.update(lease_until=until)))


def perform(
    using: str,
    row: EffectRun,
    effect: Effect | None,
    obj: Any,
    *,
    later: Callable[[Finished], None] | None = None,
) -> None:
    """Make one attempt and settle it. A worker that does not know the effect hands it back.

    With ``later`` what may be settled with others goes there instead.
    """
    if effect is None:
        snooze(using, row)
        return
    began = time.monotonic()
    answer = _refuse_hopeless(using, row, effect, obj) or _attempt(using, row, effect, obj)
    seconds = time.monotonic() - began
    attempt_answered.send(EffectRun, run=row, effect=effect, answer=answer)
    if later and isinstance(answer, Happened) and may_wait(row, effect):
        later(Finished(row, effect, answer, seconds))
    elif not settle(using, row, effect, answer, seconds):
        logger.warning("run %s was decided elsewhere; this answer came late", row.id)


def snooze(using: str, row: EffectRun) -> None:
    """Put a claimed run back for later without spending an attempt."""
    logger.error("no effect %s for %s in this worker's code", row.effect, row.object_type)
    _hand_back(using, row, DatabaseNow() + SNOOZE)


def hand_back(using: str, row: EffectRun) -> None:
    """Put a claimed run that was not begun back at once: this worker is about to stop."""
    _hand_back(using, row, DatabaseNow())


def _hand_back(using: str, row: EffectRun, due: Any) -> None:
    mine = EffectRun.objects.using(using).filter(pk=row.pk, state=RunState.RUNNING, fence=row.fence)
    back = {
        "state": RunState.QUEUED,
        "attempts": F("attempts") - 1,
        "lease_until": None,
        "due": due,
        "first_attempt_at": None if row.attempts == 1 else row.first_attempt_at,
    }
    retrying(using, lambda: mine.update(**back))


def _refuse_hopeless(using: str, row: EffectRun, effect: Effect, obj: Any) -> Answer | None:
    """The answer of an attempt that must not be made: no object, or a key past its window."""
    if obj is None:
        return Hopeless(GONE)
    if effect.safety is not Safety.KEYED or row.attempts == 1:
        return None
    if database_now(using) < last_attempt_before(row, effect):
        return None
    return Hopeless(TOO_LATE)


def _attempt(using: str, row: EffectRun, effect: Effect, obj: Any) -> Answer:
    try:
        result = effect(obj, Run(using, row, effect))
    except Failure as failure:
        return _failed(effect, failure)
    except Refused as refusal:  # of run.execute(): the object may allow it later
        logger.info("effect %s of run %s was refused: %s", effect.name, row.id, refusal.code)
        return Failed(Recorded(refusal.code, refusal.detail, "not_sent"))
    except (Exception, SystemExit) as error:
        logger.error(
            "effect %s of run %s raised what it does not declare",
            effect.name,
            row.id,
            exc_info=untold(error),
        )
        return Failed(_undeclared(error))
    return _happened(effect, result)


def _happened(effect: Effect, result: Any) -> Answer:
    """Done with this result. One that cannot be stored leaves unknown what was done."""
    try:
        return Happened(as_json(dict(result or {})))
    except (TypeError, ValueError, Invalid):
        logger.error("effect %s returned %s", effect.name, type(result).__name__)
        return Failed(UNEXPECTED_RESULT)


def _failed(effect: Effect, failure: Failure) -> Answer:
    if not isinstance(failure, effect.fails_with):
        logger.error("effect %s does not declare %s", effect.name, type(failure).__name__)
        return Failed(_undeclared(failure), failure.retry_after)
    recorded = replace(failure.recorded(), facts=_storable(failure.facts))
    return Failed(recorded, failure.retry_after)


def _storable(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts in JSON form; where that is impossible, how they would be printed."""
    try:
        return dict(as_json(facts))
    except (TypeError, ValueError, Invalid):
        return {name: repr(value) for name, value in facts.items()}


def _undeclared(error: BaseException) -> Recorded:
    detail = f"{type(error).__name__} was raised, which the contract does not declare."
    kind = "unknown" if isinstance(error, Unknown) else "not_sent"
    return Recorded("unexpected_error", detail, kind)
