"""Forked processes for tests, and their end."""

import multiprocessing
import os
import signal
from contextlib import contextmanager

from tests.cluster_members import wait_until

FORK = multiprocessing.get_context("fork")


@contextmanager
def forked(function, *arguments):
    """Run a function in a process of its own; it does not outlive the block."""
    process = FORK.Process(target=function, args=arguments)
    process.start()
    try:
        yield process
    finally:
        process.kill()
        process.join()
        process.close()


def kill(process):
    """SIGKILL, and wait for the end."""
    os.kill(process.pid, signal.SIGKILL)
    process.join()


def sleeps(process):
    """Whether the process waits in the kernel."""
    with open(f"/proc/{process.pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "S"


def wait_until_it_sleeps(process):
    wait_until(lambda: sleeps(process), "the process waits", 5)
