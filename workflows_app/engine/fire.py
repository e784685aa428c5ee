"""Firing: a clock has run out, and what it is for is done, once, under the object's lock."""

import copy
import logging
import time
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from workflows_app.conf import settings
from workflows_app.contract.clock_table import Clock
from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import Contract, Unbound, contract_for
from workflows_app.contract.retry import Retry
from workflows_app.failures import GuardFailed, NotAllowed, Refused
from workflows_app.models import Event, EventKind, Operation, Timer, TimerState
from workflows_app.models.clock import DatabaseNow, database_now
from workflows_app.models.identity import object_id_of

from .accept import carry_out, give
from .follow_up import SNOOZE
from .idempotency import SYSTEM_ACTOR, fingerprints
from .locking import is_broken, is_passing, lock_named_object, own_transaction, retrying
from .request import Cause, request_of
from .timers import end_timers, keep_time, wind
from .traces import untold

logger = logging.getLogger("workflows_app")

AT_A_TIME = 20
BUSY = timedelta(seconds=1)
#: A timer that fires so much after it was due, and was not refused before, is told to be late.
LATE = timedelta(minutes=1)


def fire_due(using: str, *, at_most_seconds: float = 0.2) -> int:
    """Fire the timers that are due, the oldest first; how many were asked. Stops after a while, for
    other work to have its turn. One that is in trouble keeps no other waiting.
    """
    ends, asked = time.monotonic() + at_most_seconds, 0
    due = Timer.objects.using(using).to_fire().order_by("ask_at", "id")
    for timer in due[:AT_A_TIME]:
        asked += _take(using, timer)
        if time.monotonic() >= ends:
            break
    return asked


def fire_refused(using: str, *, at_most: int) -> None:
    """Ask those again that were refused: a guard may see more than the object. For the sweep."""
    for timer in Timer.objects.using(using).refused()[:at_most]:
        _take(using, timer)


def _take(using: str, timer: Timer) -> bool:
    """Fire it, unless another worker has taken it meanwhile.

    What is taken is due again only later: a body that kills its process is not asked in a circle.
    """
    mine = Timer.objects.using(using).filter(
        pk=timer.pk, state=timer.state, ask_at=timer.ask_at, asked=timer.asked
    )
    later: Any = DatabaseNow()
    if timer.state == TimerState.RUNNING:
        later = DatabaseNow() + max(settings.LEASE, _pause_after(timer.asked + 1))
    if not retrying(using, lambda: mine.update(ask_at=later, asked=F("asked") + 1)):
        return False
    try:
        _fire(using, timer)
    except Exception as error:
        if is_broken(using):
            raise
        _put_off(using, timer, error)
    return True


def _fire(using: str, timer: Timer) -> None:
    """One transaction: the object's lock, another look, what the clock is for."""
    with own_transaction(using):
        obj = lock_named_object(timer.object_type, timer.object_id, using, wait=False)
        found = _still_due(using, timer)
        if found is None:
            return
        contract = _contract_of(found)
        if contract is None or not _can_judge(contract, obj, found):
            logger.error("no clock %s for %s in this worker's code", timer.clock, timer.object_type)
            _save(using, found, ask_at=database_now(using) + SNOOZE)
            return
        state = "" if obj is None else contract.state_of(obj)
        clock = contract.clock_kept(found.clock, state)
        if clock is None or clock.transition is None:
            end_timers(using, [found])
        elif state in clock.pauses_in:  # moved by the code of a release that did not say so
            keep_time(using, obj)
        else:
            _ask(using, found, clock, contract, obj)


def _only(using: str, timer: Timer) -> Any:
    return Timer.objects.using(using).filter(pk=timer.pk)


def _still_due(using: str, timer: Timer) -> Timer | None:
    """The timer as it is; None if a command came before us."""
    waiting = (TimerState.RUNNING, TimerState.REFUSED)
    found: Timer | None = _only(using, timer).overdue().filter(live=True, state__in=waiting).first()
    return found


def _contract_of(timer: Timer) -> Contract | None:
    try:
        contract = contract_for(timer.object_type, timer.field)
    except Unbound:
        return None
    return contract if contract.field == timer.field else None


def _can_judge(contract: Contract, obj: Any, timer: Timer) -> bool:
    """Whether this code knows the clock, what it is for, and the state the object is in."""
    clocks = [clock for clock in contract.clocks if timer.clock in clock.every_name]
    known = obj is None or contract.knows(contract.stored_state_of(obj))
    return known and any(one.transition for one in clocks)


def _ask(using: str, timer: Timer, clock: Clock, contract: Contract, obj: Any) -> None:
    """Do what it is for, in a savepoint. What the object as it is does not allow is waited for."""
    now = database_now(using)
    try:
        with transaction.atomic(using=using):
            _note_fired(using, timer, clock, obj, now)
            operation = _give(timer, clock, contract, obj)
            _tell_late(using, operation, timer, now)
    except (NotAllowed, GuardFailed) as refusal:
        logger.info("clock %s of timer %s is refused: %s", clock.name, timer.pk, refusal.code)
        refused = {"state": TimerState.REFUSED, "ask_at": now, "asked": 0}
        _save(using, timer, **refused, failure=_told(refusal))


def _note_fired(using: str, timer: Timer, clock: Clock, obj: Any, now: datetime) -> None:
    """Before the command, which sees to all clocks, this one too: it has fired, or is wound again.

    After a downtime it is wound once: what was missed in between is not caught up.
    """
    fired = copy.copy(timer)
    fired.fired, fired.fired_at, fired.spent = timer.fired + 1, now, timedelta(0)
    fired.asked, fired.failure, fired.state = 0, None, TimerState.RUNNING
    fired.counts_from = timer.due
    if not wind(fired, clock, obj):
        fired.due = None
    elif fired.due is not None and fired.due <= now:
        fired.counts_from = now
        wind(fired, clock, obj)
    fired.ask_at = fired.due
    if fired.due is None:
        fired.state = TimerState.FIRED
    fired.save(using=using)


def _give(timer: Timer, clock: Clock, contract: Contract, obj: Any) -> Operation:
    step: Any = clock.transition
    about = (contract.object_type, object_id_of(obj))
    request = request_of(
        obj,
        step,
        fingerprints(step, *about, None),
        by=SYSTEM,
        version=None,
        data=None,
        key=f"{timer.as_cause()}:{timer.fired + 1}",
        reason="",
        cause=Cause(timer.as_cause()),
        traceparent="",
    )
    return carry_out(request, give)


def _tell_late(using: str, operation: Operation, timer: Timer, now: datetime) -> None:
    """Nobody was there to fire it; one that was refused before is late for a reason of its own."""
    if timer.due is None or timer.failure or now - timer.due < LATE:
        return
    Event.objects.using(using).create(
        object_type=timer.object_type,
        object_id=timer.object_id,
        operation=operation,
        kind=EventKind.FIRED_LATE,
        actor=SYSTEM_ACTOR,
        data={
            "clock": timer.clock,
            "due": timer.due.isoformat(),
            "late_seconds": round((now - timer.due).total_seconds()),
        },
        at=timezone.now(),
    )


def _put_off(using: str, timer: Timer, error: Exception) -> None:
    """It is tried again later, unless a command has wound it anew meanwhile."""
    taken = _only(using, timer).filter(
        state=timer.state, live=True, asked=timer.asked + 1, due__isnull=False
    )
    if is_passing(error):
        busy = {"asked": timer.asked, "ask_at": DatabaseNow() + BUSY}
        retrying(using, lambda: taken.update(**busy))
        return
    trace = None if isinstance(error, Refused) else untold(error)
    logger.warning("clock %s of timer %s failed", timer.clock, timer.pk, exc_info=trace)
    at = DatabaseNow() + _pause_after(timer.asked + 1)
    failed = {"state": TimerState.RUNNING, "failure": _told(error), "ask_at": at}
    retrying(using, lambda: taken.update(**failed))


def _pause_after(asked: int) -> timedelta:
    return Retry().delay(asked)


def _told(error: Exception) -> dict[str, Any]:
    """What people are told of why it did not fire."""
    if not isinstance(error, Refused):
        detail = f"{type(error).__name__} was raised."
        return {"code": "unexpected_error", "reasons": [_reason("unexpected_error", detail)]}
    reasons = [_reason(one.code, str(one.detail)) for one in error.reasons]
    return {"code": error.code, "reasons": reasons or [_reason(error.code, error.detail)]}


def _reason(code: str, detail: str) -> dict[str, str]:
    return {"code": code, "detail": detail}


def _save(using: str, timer: Timer, **columns: Any) -> None:
    _only(using, timer).update(**columns)
