"""The sweep: what no single worker would notice. One worker of the fleet does it at a time.

Candidates are chosen without a lock; then the object is locked and everything is looked at again.
"""

import logging
from collections.abc import Callable
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Q

from workflows_app.conf import settings
from workflows_app.contract.effects import Effect, Safety
from workflows_app.contract.registry import Unbound, contract_for, first_contracts
from workflows_app.models import EffectRun, EventKind, FollowUp, RunState, SweepLease
from workflows_app.models.clock import DatabaseNow, database_now
from workflows_app.models.effect_run import GROUP

from .admit import admit, forgotten
from .answers import judge_lost
from .fire import fire_refused
from .follow_up import follow_up
from .locking import is_broken, is_passing, lock_named_object, own_transaction, retrying
from .match import match_due
from .outbox import promote
from .queue import wake
from .run_events import write_event
from .settle import conclude, let_others_go
from .traces import untold

logger = logging.getLogger("workflows_app")

AT_A_TIME = 100


def sweep_when_due(using: str) -> bool:
    """Sweep if nobody has for SWEEP_EVERY; whether this worker did."""
    leases = SweepLease.objects.using(using)
    if not leases.filter(name="sweep").exists():
        leases.bulk_create([SweepLease(name="sweep", due=DatabaseNow())], ignore_conflicts=True)
    mine = leases.filter(name="sweep", due__lte=DatabaseNow())
    later = DatabaseNow() + settings.SWEEP_EVERY
    if not retrying(using, lambda: mine.update(due=later)):
        return False
    sweep(using)
    return True


def sweep(using: str) -> None:
    """Rescue lost runs, repair lanes, try follow-ups and messages again."""
    known = EffectRun.objects.using(using).filter(_known_here())
    _each(using, _rescue, known.lost().order_by("lease_until"))
    _each(using, _repair_lane, _stranded(using))
    fire_refused(using, at_most=AT_A_TIME)
    _each(using, _admit, forgotten(using))
    _each(using, _follow_up_again, known.follow_up_due().order_by("follow_up_due"))
    match_due(using)


def effect_of(run: EffectRun) -> Effect | None:
    """The declared effect behind a run; None where this worker's code does not know it."""
    try:
        return contract_for(run.object_type).effect_named(run.effect)
    except Unbound:
        return None


def _known_here() -> Q:
    """The runs whose effect this worker's code has: the others would only take their place."""
    mine = (
        Q(object_type=c.object_type) & (Q(effect__in=c.every_effect_name) | Q(safety=GROUP))
        for c in first_contracts()
    )
    return reduce(or_, mine, Q(pk__in=[]))


def _each(using: str, step: Callable[[str, EffectRun], None], candidates: Any) -> None:
    """Do a step for each candidate; one that is busy or in trouble keeps no other waiting."""
    for run in candidates[:AT_A_TIME]:
        try:
            step(using, run)
        except Exception as error:
            if is_broken(using):
                raise
            if is_passing(error):
                logger.info("run %s is busy; the next sweep looks again", run.pk)
            else:
                logger.error("the sweep is in trouble with run %s", run.pk, exc_info=untold(error))


def _rescue(using: str, lost: EffectRun) -> None:
    """Take a run away from a worker whose lease has ended."""
    effect = effect_of(lost)
    if effect is None:
        return
    with own_transaction(using):
        obj = lock_named_object(lost.object_type, lost.object_id, using, wait=False)
        run = _lock_again(using, lost, EffectRun.objects.using(using).lost())
        if run is None:
            return
        run.may_have_happened |= run.safety != Safety.COMMITTED or run.is_marked
        run.fence += 1
        run.leases_lost += 1
        write_event(using, run, EventKind.LEASE_LOST, attempt=run.attempts)
        conclude(using, run, effect, judge_lost(run, effect, database_now(using)), obj)
        wake(using)


def _stranded(using: str) -> Any:
    """Held runs of lanes that nobody holds: there should be none."""
    runs = EffectRun.objects.using(using)
    holder = runs.filter(holds_lane=OuterRef("lane"))
    return runs.filter(~Exists(holder), state=RunState.HELD, lane__isnull=False)


def _repair_lane(using: str, stranded: EffectRun) -> None:
    with own_transaction(using):
        lock_named_object(stranded.object_type, stranded.object_id, using, wait=False)
        if stranded.lane and promote(using, stranded.lane):
            write_event(using, stranded, EventKind.LANE_REPAIRED, lane=stranded.lane)
            logger.error("lane %s stood still and was repaired", stranded.lane)
            wake(using)


def _admit(using: str, waiting: EffectRun) -> None:
    admit(using, str(waiting.limit_key))


def _follow_up_again(using: str, pending: EffectRun) -> None:
    effect = effect_of(pending)
    if effect is None and pending.safety != GROUP:
        return
    with own_transaction(using):
        obj = lock_named_object(pending.object_type, pending.object_id, using, wait=False)
        run = _lock_again(using, pending, EffectRun.objects.using(using).follow_up_due())
        if run is None:
            return
        follow_up(using, run, effect, obj)
        if run.follow_up != FollowUp.PENDING:
            let_others_go(using, run, obj)
            wake(using)


def _lock_again(using: str, candidate: EffectRun, still: Any) -> EffectRun | None:
    """The candidate under its own lock, if it still is one."""
    mine = still.filter(pk=candidate.pk, fence=candidate.fence)
    if not mine.update(fence=candidate.fence):
        return None
    found: EffectRun = (
        still.model.objects.using(using).select_related("operation").get(pk=candidate.pk)
    )
    return found
