"""Any process of the worker may be SIGKILLed: it is replaced, nothing stands still, nobody stays.

With effects under way, and in each of their phases: tests/stories/test_worker_is_killed.py.
"""

import random

import pytest

from tests.cluster_members import ROLES

COMPLETE_AGAIN_SECONDS = 15
ROUNDS = 4
REPLACED = [role for role in ROLES if role != "main"]


def kill_one(worker, role):
    victim = random.choice(worker.members()[role])
    victim.kill()
    victim.wait()
    worker.wait_until_complete(COMPLETE_AGAIN_SECONDS)


@pytest.mark.timeout(120)
def test_w22_whoever_is_killed_is_replaced_and_work_goes_on(worker, does_ordinary_tasks):
    """Stock django-q2 stands still for good after two to six of these."""
    for role in REPLACED * ROUNDS:
        kill_one(worker, role)
    does_ordinary_tasks()


def test_w22_those_whose_sentinel_is_killed_are_killed_with_it(worker):
    family = {process.pid for role in REPLACED for process in worker.members()[role]}
    kill_one(worker, "sentinel")
    assert not family & {process.pid for process in worker.everybody()}


def test_w22_when_main_is_killed_nobody_stays_and_the_next_main_works(worker, does_ordinary_tasks):
    worker.kill_main()
    worker.start()
    does_ordinary_tasks()
