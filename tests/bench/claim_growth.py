"""What a claim costs when a million and ten million runs have finished before it."""

import time
from statistics import median

from django.db import connection

from tests.bench.tickets.queued import queue_runs
from tests.bench.tickets.workflow import do_nothing
from tests.many_rows import analyse, copy, text
from workflows_app.engine.claim import claim
from workflows_app.models import EffectRun, RunState

FINISHED = (0, 1_000_000, 10_000_000)
AT_ONCE = 500_000
CLAIMS, OF_RUNS = 200, 10
MOST = 1.5


def measure():
    """Print a line for each size; whether none costs more than 1.5 times that of an empty table."""
    (template,) = queue_runs(do_nothing, 1)
    EffectRun.objects.update(state=RunState.DONE)
    costs, before = [], 0
    for finished in FINISHED:
        fill(template, before, finished)
        costs.append(cost_of_a_claim())
        ratio = costs[-1] / costs[0]
        print(
            f"a claim of {OF_RUNS} among {finished:,} finished runs: median of {CLAIMS}"
            f" {1000 * costs[-1]:.2f} ms, {ratio:.2f} of an empty table's (at most {MOST})",
            flush=True,
        )
        before = finished
    return max(costs) <= MOST * costs[0]


def fill(template, before, finished):
    for first in range(before + 1, finished + 1, AT_ONCE):
        how_many = min(AT_ONCE, finished + 1 - first)
        copy(template, how_many, first=first, object_id=text("1000000 + n"), state="'done'")
    analyse(EffectRun)
    if connection.vendor == "postgresql":  # what autovacuum does sooner or later, now
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM {EffectRun._meta.db_table}")


def cost_of_a_claim():
    queue_runs(do_nothing, CLAIMS * OF_RUNS)
    seconds = [timed_claim() for _ in range(CLAIMS)]
    EffectRun.objects.filter(state=RunState.RUNNING).update(state=RunState.DONE, lease_until=None)
    return median(seconds)


def timed_claim():
    began = time.perf_counter()
    claimed = claim("default", OF_RUNS)
    seconds = time.perf_counter() - began
    assert len(claimed) == OF_RUNS
    return seconds
