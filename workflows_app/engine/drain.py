"""The drain: what a woken worker does. Claim, perform and ask on threads till nothing is due."""

import time
from collections import defaultdict
from typing import Any

from django.db import router

from workflows_app.conf import settings
from workflows_app.contract.registry import Unbound, contract_for
from workflows_app.models import EffectRun

from .claim import claim, is_harmless
from .fire import fire_due
from .locking import pk_of
from .match import match_due
from .perform import give_back
from .queue import stopping
from .sweep import effect_of, sweep_when_due
from .threads import Job, Threads
from .turns import Turns

AT_MOST_SECONDS = 20.0
LOOK_EVERY_SECONDS = 0.05  # while handlers are busy and threads are free
CLOCKS_EVERY_SECONDS = 0.2  # while there is much to perform


def drain(at_most_seconds: float = AT_MOST_SECONDS) -> int:
    """Perform what is due until nothing is, or for so many seconds; how many attempts were made.

    Any number of drains may run anywhere: a claim decides who performs what.
    """
    using = router.db_for_write(EffectRun)
    threads = Threads(using, settings.THREADS)
    try:
        _work_until_empty(using, threads, time.monotonic() + at_most_seconds)
    finally:
        threads.finish()
    return threads.performed


def _work_until_empty(using: str, threads: Threads, ends: float) -> None:
    next_sweep, next_clocks, turns = 0.0, 0.0, Turns(using, threads)
    while time.monotonic() < ends and not stopping():
        # Looked at before the claim: who ends after it may leave something due that it did not see.
        nobody_works = threads.idle
        threads.settle_kept()
        runs = turns.take()
        runs += _claim_for(using, threads, threads.free - len(runs))
        if runs:
            _begin_or_hand_back(using, threads, runs)
        fired = 0
        if not runs or time.monotonic() >= next_clocks:  # with much to perform: now and then
            fired = fire_due(using) + match_due(using, at_most_seconds=0.2)
            next_clocks = time.monotonic() + CLOCKS_EVERY_SECONDS
        if time.monotonic() >= next_sweep:  # after the claim: what was just committed goes first
            next_sweep = time.monotonic() + settings.SWEEP_EVERY.total_seconds()
            if sweep_when_due(using):
                continue
        if runs or fired:
            continue
        if not nobody_works:
            threads.leave_if_stuck()
            threads.wait(LOOK_EVERY_SECONDS)
        elif turns.looked:
            return
        else:
            turns.look_next()


def _claim_for(using: str, threads: Threads, free: int) -> list[EffectRun]:
    """Runs for the free threads, and while attempts are quick some more to follow them."""
    runs = claim(using, free) if free > 0 else []
    if len(runs) == free > 0 and threads.ahead > 0 and any(map(is_harmless, runs)):
        runs += claim(using, threads.ahead, harmless=True)
    return runs


def _begin_or_hand_back(using: str, threads: Threads, runs: list[EffectRun]) -> None:
    if not stopping():
        threads.take(jobs_for(using, runs))
        return
    for run in runs:
        give_back(using, run, effect_of(run))


def jobs_for(using: str, runs: list[EffectRun]) -> list[Job]:
    """The runs with their objects as they are now: a query for each model."""
    now = time.monotonic()
    objects = _objects_of(using, runs)
    return [
        Job(run, effect_of(run), objects.get((run.object_type, run.object_id)), now) for run in runs
    ]


def _objects_of(using: str, runs: list[EffectRun]) -> dict[tuple[str, str], Any]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for run in runs:
        wanted[run.object_type].add(run.object_id)
    return {
        (object_type, str(obj.pk)): obj
        for object_type, ids in wanted.items()
        for obj in _load(using, object_type, ids)
    }


def _load(using: str, object_type: str, ids: set[str]) -> list[Any]:
    try:
        model = contract_for(object_type).model
    except Unbound:  # a model of another release: its runs are handed back, the others performed
        return []
    keys = [pk_of(model, object_id) for object_id in ids]
    return list(model._base_manager.using(using).in_bulk(keys).values())
