"""The drain: what a woken worker does. Claim, perform on threads, until nothing is due."""

import time
from collections import defaultdict
from typing import Any

from django.db import router

from workflows_app.conf import settings
from workflows_app.contract.registry import Unbound, contract_for
from workflows_app.models import EffectRun, Operation

from .claim import claim
from .locking import pk_of
from .perform import hand_back
from .queue import stopping
from .sweep import effect_of, sweep_when_due
from .threads import Job, Threads

AT_MOST_SECONDS = 20.0
LOOK_EVERY_SECONDS = 0.05  # while handlers are busy and threads are free


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
    next_sweep = 0.0
    while time.monotonic() < ends and not stopping():
        # Looked at before the claim: who ends after it may leave something due that it did not see.
        nobody_works = threads.idle
        threads.settle_finished()
        if runs := _claim_for(using, threads):
            _begin_or_hand_back(using, threads, runs)
        if time.monotonic() >= next_sweep:  # after the claim: what was just committed goes first
            next_sweep = time.monotonic() + settings.SWEEP_EVERY.total_seconds()
            if sweep_when_due(using):
                continue
        if not runs and nobody_works:
            return
        if not runs:
            threads.leave_if_stuck()
            threads.wait(LOOK_EVERY_SECONDS)


def _claim_for(using: str, threads: Threads) -> list[EffectRun]:
    """Runs for the free threads, and while attempts are quick some more to follow them."""
    free = threads.free
    runs = claim(using, free) if free > 0 else []
    if len(runs) == free > 0 and threads.ahead > 0:
        runs += claim(using, threads.ahead, harmless=True)
    return runs


def _begin_or_hand_back(using: str, threads: Threads, runs: list[EffectRun]) -> None:
    if not stopping():
        threads.take(jobs_for(using, runs))
        return
    for run in runs:
        hand_back(using, run)


def jobs_for(using: str, runs: list[EffectRun]) -> list[Job]:
    """The runs with their operations and their objects as they are now: few queries for many."""
    now = time.monotonic()
    operations = Operation.objects.using(using).in_bulk({run.operation_id for run in runs})
    for run in runs:
        run.operation = operations[run.operation_id]
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
