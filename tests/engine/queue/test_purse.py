"""Tokens: never more out than there are, and back wherever they are lost."""

import os
import time

import pytest

from tests.cluster_members import wait_until
from tests.engine.queue.forks import forked, kill
from workflows_app.engine.queue.messages import Queue
from workflows_app.engine.queue.purse import Purse


@pytest.fixture
def purse():
    purse = Purse(2)
    yield purse
    purse.close()


@pytest.fixture
def queue():
    queue = Queue()
    yield queue
    queue.close()


def all_are_out(purse):
    receipt = purse.take()
    if receipt is None:
        return True
    receipt.close()
    return False


def test_as_many_are_out_as_there_are(purse):
    out = [purse.take(), purse.take()]
    assert None not in out
    assert purse.take() is None
    out.pop().close()
    assert not all_are_out(purse)


def test_a_token_is_out_while_it_waits_in_the_queue(purse, queue):
    queue.put(purse.take())
    queue.put(purse.take())
    assert all_are_out(purse)
    queue.get().close()
    assert not all_are_out(purse)


def drain_for_ever(queue, taken):
    receipts = [queue.get()]
    taken.put("taken")
    time.sleep(60)
    receipts.clear()


def test_w04_the_token_of_a_killed_worker_is_back(purse, queue):
    taken = Queue()
    with (
        forked(drain_for_ever, queue, taken) as first,
        forked(drain_for_ever, queue, taken) as second,
    ):
        queue.put(purse.take())
        queue.put(purse.take())
        assert [taken.get(), taken.get()] == ["taken", "taken"]
        assert all_are_out(purse)
        kill(first)
        kill(second)
    both = [purse.take(), purse.take()]
    assert None not in both
    taken.close()


def test_w04_the_token_of_a_fetcher_killed_before_it_queued_it_is_back(purse):
    taken = Queue()

    def take_and_hang():
        receipts = [purse.take(), purse.take()]
        taken.put("taken")
        time.sleep(60)
        receipts.clear()

    with forked(take_and_hang) as fetcher:
        taken.get()
        assert all_are_out(purse)
        kill(fetcher)
    assert not all_are_out(purse)
    taken.close()


def test_workers_killed_at_any_moment_never_cost_a_token(purse, queue):
    def take_and_give_back():
        while True:
            queue.get().close()

    for _ in range(30):
        with forked(take_and_give_back) as worker:
            for _ in range(5):
                if receipt := purse.take():
                    queue.put(receipt)
            kill(worker)
        while not queue.empty():
            queue.get().close()
        assert not all_are_out(purse)
    both = [purse.take(), purse.take()]
    assert None not in both


def test_tokens_that_wait_when_everybody_is_killed_are_back(purse):
    queue = Queue()
    with forked(time.sleep, 60) as holder:
        queue.put(purse.take())
        queue.put(purse.take())
        queue.close()
        kill(holder)
    wait_until(lambda: not all_are_out(purse), "the tokens are back", 5)


def test_what_is_of_use_is_seen_by_all(purse):
    def work():
        purse.note_useful()
        os._exit(0)

    before = purse.useful
    with forked(work) as worker:
        worker.join()
    assert purse.useful != before
