"""The processes of a running `workflows_worker`, found by their role."""

import os
import signal
import time
from contextlib import suppress
from functools import partial

import psutil

ROLES = ("main", "sentinel", "pusher", "monitor", "worker")


def members(main_pid):
    """The living processes of the worker, by role; those in the middle of a fork are left out."""
    found = {role: [] for role in ROLES}
    with suppress(psutil.NoSuchProcess):
        main = psutil.Process(main_pid)
        for process in [main, *main.children(recursive=True)]:
            role = role_of(process)
            if role in found:
                found[role].append(process)
    return found


def role_of(process):
    """What it says of itself, as long as it lives."""
    try:
        alive = process.status() != psutil.STATUS_ZOMBIE
        return process.name().removeprefix("wf-") if alive else None
    except psutil.NoSuchProcess:
        return None


def complete(main_pid, workers):
    """Whether everybody is there."""
    counts = {role: len(found) for role, found in members(main_pid).items()}
    return counts == dict.fromkeys(ROLES, 1) | {"worker": workers}


def everybody(main_pid):
    """All processes of the worker, whatever their role."""
    return [process for found in members(main_pid).values() for process in found]


def gone(processes):
    """Whether none of them lives any more."""
    return not any(role_of(process) for process in processes)


def stop_still(processes):
    """SIGSTOP, and wait until they stand."""
    for process in processes:
        os.kill(process.pid, signal.SIGSTOP)
    for process in processes:
        wait_until(partial(stands, process), "the process stands still", 5)


def stands(process):
    return process.status() == psutil.STATUS_STOPPED


def let_go_on(process):
    """SIGCONT."""
    os.kill(process.pid, signal.SIGCONT)


def wait_until(condition, what, seconds):
    """Wait for a condition, and say which one did not come true in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            raise AssertionError(f"After {seconds} s it is still not true that {what}.")
        time.sleep(0.01)
