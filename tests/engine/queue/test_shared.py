"""Shared values and events: whoever is killed while holding or waiting leaves them usable."""

import os
import time

import pytest

from tests.cluster_members import stop_still, wait_until
from tests.engine.queue.forks import forked, kill, wait_until_it_sleeps
from workflows_app.engine.queue import shared
from workflows_app.engine.queue.shared import Event, Value

psutil = pytest.importorskip("psutil")


@pytest.fixture
def event():
    event = Event()
    yield event
    event.close()


def hold(value, holding):
    with value.get_lock():
        holding.set()
        time.sleep(60)


def test_a_value_is_seen_by_every_process():
    value = Value("f", -1)

    def write():
        value.value = -2

    with forked(write) as writer:
        writer.join()
        assert value.value == -2


def test_nobody_else_writes_while_the_lock_is_held():
    value = Value("f", 0)

    def count():
        for _ in range(2000):
            with value.get_lock():
                value.value += 1

    with forked(count) as first, forked(count) as second:
        first.join()
        second.join()
        assert value.value == 4000


def test_the_lock_of_a_killed_process_is_free(event):
    value = Value("f", 0)
    with forked(hold, value, event) as holder:
        assert event.wait(5)
        kill(holder)
        began = time.monotonic()
        with value.get_lock():
            assert time.monotonic() - began < shared.PATIENCE.total_seconds() / 2


def test_a_frozen_holder_delays_the_guard_by_a_second_at_most(event):
    value = Value("f", 0)
    with forked(hold, value, event) as holder:
        assert event.wait(5)
        stop_still([psutil.Process(holder.pid)])
        began = time.monotonic()
        with value.get_lock():
            assert time.monotonic() - began < 2 * shared.PATIENCE.total_seconds()


def test_many_values_leave_no_file_open():
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(100):
        Value("f", -1)
    assert len(os.listdir("/proc/self/fd")) <= before + 1


def test_an_event_wakes_whoever_waits(event):
    with forked(lambda: os._exit(0 if event.wait(10) else 1)) as waiter:
        wait_until_it_sleeps(waiter)
        event.set()
        waiter.join(5)
        assert waiter.exitcode == 0


def test_an_event_stays_set_and_may_be_set_again(event):
    assert not event.is_set()
    event.set()
    event.set()
    assert event.is_set()
    assert event.wait(0)


def test_waiting_for_an_event_ends_in_time(event):
    began = time.monotonic()
    assert not event.wait(0.05)
    assert time.monotonic() - began < 2


def test_those_killed_while_they_wait_do_not_keep_an_event_from_being_set(event):
    with forked(event.wait) as sleeper:
        wait_until_it_sleeps(sleeper)
        kill(sleeper)
    event.set()
    assert event.is_set()


def test_those_killed_while_they_ask_do_not_keep_others_from_asking(event):
    def ask_for_ever():
        while True:
            event.is_set()

    for _ in range(20):
        with forked(ask_for_ever) as asker:
            wait_until(lambda asker=asker: asker.pid, "it runs", 5)
            kill(asker)
    event.set()
    assert event.is_set()
