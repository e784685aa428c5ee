"""A real worker command, the world it calls, and work for it."""

import pytest
from django_q.models import OrmQ
from django_q.tasks import async_task

from tests.cluster_members import wait_until
from tests.kills.payments import Payments
from tests.kills.story import addresses, outside_world
from tests.worker_process import running_worker

DONE_SECONDS = 20


@pytest.fixture
def world():
    with outside_world() as world:
        yield world


@pytest.fixture
def worker_environment(child_environment, world):
    return child_environment | addresses(world)


@pytest.fixture
def worker(worker_environment):
    with running_worker(worker_environment) as worker:
        yield worker


@pytest.fixture
def payments(worker_environment):
    return Payments()


@pytest.fixture
def does_ordinary_tasks(worker_environment):
    """Asserts that the worker serves a task of the project."""

    def check():
        async_task("operator.add", 1, 2)
        wait_until(lambda: not OrmQ.objects.exists(), "the task is done", DONE_SECONDS)

    return check
