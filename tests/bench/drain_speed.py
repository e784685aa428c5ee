"""How many runs a second one process drains, by class of safety, and while handlers wait."""

import time

from django.db import connection
from django.test import override_settings

from tests.bench.plain_queue import BATCHED, MARKED, speed_of_batches, speed_of_marks
from tests.bench.tickets.queued import queue_runs
from tests.bench.tickets.workflow import (
    do_nothing,
    do_nothing_once,
    do_nothing_under_a_key,
    wait_for_a_vendor,
)
from workflows_app.contract.effects import Safety
from workflows_app.engine.drain import drain
from workflows_app.models import EffectRun, RunState

LIMIT_SECONDS = 900
#: Effect, how many runs, threads, and on PostgreSQL the least and the aim, in runs a second, on
#: a machine like the one where they were set: see `plain_queue`.
RACES = (
    (do_nothing, 20_000, 4, 5_000, 8_000),
    (do_nothing_under_a_key, 5_000, 64, 0, 1_000),
    (do_nothing_once, 5_000, 64, 500, 1_000),
    (do_nothing_once, 1_000, 4, 0, 0),  # few threads share few commits
    (wait_for_a_vendor, 4_000, 64, 0, 800),
)


def measure():
    """Print one line for each; whether every run was done, and PostgreSQL was fast enough."""
    batched, marked = shares_of_this_machine() if connection.vendor == "postgresql" else (0, 0)
    verdicts = [
        held(*race, batched if race[0].safety is Safety.REPLAY_SAFE else marked) for race in RACES
    ]
    return all(verdicts)


def shares_of_this_machine():
    """How fast it is with plain SQL, of the one where the limits were set; never more than 1."""
    batched, marked = speed_of_batches(), speed_of_marks()
    print(
        f"plain SQL, no engine: {batched:,.0f} a second by the batch (where the limits were set:"
        f" {BATCHED:,}), {marked:,.0f} marked and settled one by one ({MARKED:,})",
        flush=True,
    )
    return min(1, batched / BATCHED), min(1, marked / MARKED)


def held(effect, how_many, threads, least, aim, share):
    queue_runs(effect, how_many)
    began = time.monotonic()
    with override_settings(WORKFLOWS={"THREADS": threads}):
        drain(at_most_seconds=LIMIT_SECONDS)
    seconds = time.monotonic() - began
    done = how_many - EffectRun.objects.exclude(state=RunState.DONE).count()
    rate = done / seconds
    print(
        f"drain in one process, {threads} threads: {done:,} of {how_many:,} {effect.safety}"
        f" {effect.name} in {seconds:.1f} s, {rate:,.0f} a second (least {least:,}, here"
        f" {share * least:,.0f}; aim {aim:,}: {'held' if rate >= share * least else 'NOT HELD'})",
        flush=True,
    )
    return done == how_many and rate >= share * least
