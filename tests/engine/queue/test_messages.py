"""The queue: nothing is lost but with its reader, and no killed process blocks the others."""

import fcntl
import os
import random
import time

import pytest

from tests.cluster_members import wait_until
from tests.engine.queue.forks import forked, kill, wait_until_it_sleeps
from workflows_app.engine.queue.messages import OpenFile, Queue


@pytest.fixture
def queue():
    queue = Queue()
    yield queue
    queue.close()


@pytest.fixture
def answers():
    queue = Queue()
    yield queue
    queue.close()


def answer_everything(queue, answers):
    for item in iter(queue.get, "STOP"):
        answers.put((os.getpid(), item))


def test_items_arrive_in_order_and_whole(queue):
    for item in ("first", {"second": [2]}, None):
        queue.put(item)
    assert [queue.get(), queue.get(), queue.get()] == ["first", {"second": [2]}, None]


def test_a_message_larger_than_any_socket_buffer_arrives(queue):
    large = os.urandom(5_000_000)
    queue.put(large)
    assert queue.get() == large


def test_the_waiting_messages_are_counted(queue):
    assert queue.empty()
    queue.put("a")
    queue.put("b")
    assert queue.qsize() == 2
    queue.get()
    queue.get()
    assert queue.empty()


def test_it_is_full_when_as_much_waits_as_should():
    queue = Queue(maxsize=2)
    queue.put("a")
    assert not queue.full()
    queue.put("b")
    assert queue.full()
    queue.close()
    assert queue.qsize() == 0


def test_the_poison_pill_ends_a_reader(queue, answers):
    with forked(answer_everything, queue, answers) as reader:
        queue.put("work")
        queue.put("STOP")
        reader.join(5)
        assert reader.exitcode == 0
        assert answers.get() == (reader.pid, "work")


def test_readers_killed_while_they_wait_block_nobody(queue, answers):
    with (
        forked(answer_everything, queue, answers) as first,
        forked(answer_everything, queue, answers) as second,
        forked(answer_everything, queue, answers) as third,
    ):
        for victim in (first, second):
            wait_until_it_sleeps(victim)
            kill(victim)
        queue.put("work")
        assert answers.get() == (third.pid, "work")


def test_readers_killed_at_any_moment_lose_at_most_what_they_held(queue, answers):
    """The moment is random: before, inside and after taking a message out."""
    moments = random.Random(7)
    answered, killed = [], 30
    for round_number in range(killed):
        with forked(answer_everything, queue, answers) as reader:
            for number in range(20):
                queue.put((round_number, number))
            time.sleep(moments.random() * 0.02)
            kill(reader)
        while not answers.empty():
            answered.append(answers.get()[1])
    with forked(answer_everything, queue, answers):
        wait_until(queue.empty, "what the dead left was read", 10)
        queue.put("last")
        for _, item in iter(answers.get, None):
            if item == "last":
                break
            answered.append(item)
    assert len(answered) == len(set(answered))
    assert len(answered) >= killed * 20 - killed


def test_a_writer_waits_while_the_kernel_holds_no_more_and_then_goes_on(queue, answers):
    def write_much():
        for number in range(2000):
            queue.put(number)

    with forked(write_much) as writer:
        wait_until_it_sleeps(writer)
        assert queue.qsize() < 2000
        assert [queue.get() for _ in range(2000)] == list(range(2000))


def test_a_writer_killed_while_it_waits_blocks_nobody(queue):
    def write_for_ever():
        while True:
            queue.put("much")

    with forked(write_for_ever) as writer:
        wait_until_it_sleeps(writer)
        kill(writer)
    while not queue.empty():
        assert queue.get() == "much"
    queue.put("more")
    assert queue.get() == "more"


def lock(path):
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return OpenFile(descriptor)


def is_locked(path):
    try:
        lock(path).close()
    except BlockingIOError:
        return True
    return False


def test_an_open_file_leaves_with_its_message_and_stays_open_on_the_way(queue, tmp_path):
    file = lock(tmp_path / "lock")
    queue.put({"receipt": file})
    assert file.closed
    assert is_locked(tmp_path / "lock")
    arrived = queue.get()["receipt"]
    assert is_locked(tmp_path / "lock")
    arrived.close()
    assert not is_locked(tmp_path / "lock")


def test_the_kernel_closes_the_open_file_of_a_message_that_is_lost(tmp_path):
    queue = Queue()
    queue.put(lock(tmp_path / "lock"))
    queue.close()
    assert not is_locked(tmp_path / "lock")


def test_a_closed_file_travels_as_closed(queue):
    queue.put(OpenFile())
    assert queue.get().closed
