"""Stopping: what runs is finished, what waits is left, and it never takes longer than it may."""

import signal
import time

import pytest

from tests.cluster_members import wait_until
from tests.kills.payments import done
from tests.kills.phases import IN_HANDLER, seen_runs
from tests.worker_process import running_worker
from workflows_app.models import EffectRun, RunState, WorkerBeat

SOON_SECONDS = 6
LONG_SECONDS = 15


@pytest.fixture
def in_the_handler(worker, world, payments):
    """The worker is in the middle of a payment and a mail."""
    be_in_the_handler(world, payments, answer_seconds=1.5)
    return worker


def be_in_the_handler(world, payments, *, answer_seconds):
    slow = {"fault": "slow", "seconds": answer_seconds}
    world.turn({"bank": slow, "mail": slow})
    payments.pay(1)
    wait_until(lambda: handlers(world) == 2, "both effects are in their handlers", 10)


def handlers(world):
    return [run.phase for run in seen_runs(world, set())].count(IN_HANDLER)


def test_an_idle_worker_stops_at_once_and_takes_its_heartbeat_along(worker):
    wait_until(WorkerBeat.objects.exists, "it beats", 5)
    began = time.monotonic()
    assert worker.stop() == 0
    assert time.monotonic() - began < SOON_SECONDS
    assert not WorkerBeat.objects.exists()


def test_a_busy_worker_finishes_what_it_is_doing_and_leaves_what_follows(in_the_handler):
    assert in_the_handler.stop() == 0
    assert done() == 2
    [mail_of_the_settlement] = EffectRun.objects.exclude(state=RunState.DONE)
    assert mail_of_the_settlement.state == RunState.QUEUED
    assert mail_of_the_settlement.attempts == 0


def test_a_signal_to_every_process_stops_as_gracefully(in_the_handler):
    """As systemd and process managers send it."""
    for process in reversed(in_the_handler.everybody()):
        process.send_signal(signal.SIGTERM)
    assert in_the_handler.main.wait(20) == 0
    assert done() == 2


def test_ctrl_c_stops_as_gracefully(in_the_handler):
    in_the_handler.main.send_signal(signal.SIGINT)
    assert in_the_handler.main.wait(20) == 0
    assert done() == 2


def test_a_second_signal_stops_at_once(worker, world, payments):
    be_in_the_handler(world, payments, answer_seconds=LONG_SECONDS)
    began = time.monotonic()
    worker.main.send_signal(signal.SIGTERM)
    wait_until(lambda: not worker.members()["pusher"], "nobody fetches any more", 10)
    assert worker.stop(LONG_SECONDS) == 1
    assert time.monotonic() - began < LONG_SECONDS
    assert done() == 0


def test_stopping_takes_no_longer_than_it_may(worker_environment, world, payments):
    with running_worker(worker_environment | {"KILLS_STOP_SECONDS": "0.5"}) as worker:
        be_in_the_handler(world, payments, answer_seconds=4.5)
        assert worker.stop(SOON_SECONDS) == 1
        assert done() == 0
