"""How long after its commit an effect is started by a worker that has nothing else to do.

The worker is the real one, a process of its own; both ends read the clock of this machine.
"""

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from statistics import quantiles

from django.db import transaction

from tests.bench.tickets.models import Ticket
from tests.conftest import url_of_the_test_database
from workflows_app import SYSTEM
from workflows_app.engine import execute
from workflows_app.models import EffectRun, RunState

COMMANDS = 300
WARM_UP = 20
PAUSE_SECONDS = (0.02, 0.12)
LOOK_EVERY_SECONDS = 0.03
LIMIT_SECONDS = 30


def measure():
    """Print one line: the median and the 99th percentile; an aim, so it always holds."""
    with a_worker():
        latencies = [one_latency(ticket) for ticket in tickets()][WARM_UP:]
    percentiles = quantiles(latencies, n=100, method="inclusive")
    print(
        f"commit to start of {COMMANDS} effects, one after the other:"
        f" p50 {1000 * percentiles[49]:.1f} ms, p99 {1000 * percentiles[98]:.1f} ms"
        " (aim on PostgreSQL: 5 and 25)"
    )
    return True


@contextmanager
def a_worker():
    environment = os.environ | {"WORKFLOWS_TEST_DATABASE": url_of_the_test_database()}
    command = [sys.executable, "-m", "django", "workflows_worker"]
    worker = subprocess.Popen(command, env=environment)
    try:
        yield
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(timeout=60)


def tickets():
    for number in range(WARM_UP + COMMANDS):
        # A pause of changing length, so that no rhythm of the worker can hide or help.
        time.sleep(random.uniform(*PAUSE_SECONDS))
        yield Ticket.objects.create(title=f"Ticket {number}")


def one_latency(ticket):
    committed = []
    with transaction.atomic():
        # Registered first, so it runs right after the commit and before the worker is woken.
        transaction.on_commit(lambda: committed.append(time.time()))
        operation = execute(ticket.clock, by=SYSTEM)
    return started(operation) - committed[0]


def started(operation):
    """When its effect was started, as soon as it is done."""
    limit = time.monotonic() + LIMIT_SECONDS
    while time.monotonic() < limit:
        # It notes the time itself: who asks too early only takes the processor from it.
        time.sleep(LOOK_EVERY_SECONDS)
        run = EffectRun.objects.get(operation=operation)
        if run.state == RunState.DONE:
            return run.result["started"]
    raise AssertionError(f"the effect of {operation} was not done in {LIMIT_SECONDS} seconds")
