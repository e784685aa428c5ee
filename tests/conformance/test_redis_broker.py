"""Two worker commands on one database, with Redis as the broker of the project's own tasks."""

import os
from uuid import uuid4

import pytest
from django_q.brokers.redis_broker import Redis
from django_q.conf import Conf
from django_q.tasks import async_task

from tests.cluster_members import wait_until
from tests.conformance.tally import noted
from tests.kills.lease import LEASE
from tests.kills.payments import Payments, under_way
from tests.kills.story import (
    addresses,
    expect_every_effect_done,
    expect_everything_once,
    outside_world,
)
from tests.worker_process import running_worker
from workflows_app.models import Event, EventKind, WorkerBeat

REDIS_URL = os.environ.get("WORKFLOWS_TEST_REDIS")

pytestmark = [
    pytest.mark.only_on("postgresql"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not REDIS_URL, reason="no Redis: WORKFLOWS_TEST_REDIS names none"),
]

CLAIMS = 12
TASKS = 40
DONE_SECONDS = 60


@pytest.fixture
def world():
    with outside_world() as world:
        yield world


@pytest.fixture
def broker(monkeypatch):
    """The project's broker, with a queue of this test's own."""
    monkeypatch.setattr(Conf, "REDIS", REDIS_URL)
    monkeypatch.setattr(Conf, "PREFIX", f"workflows-tests-{uuid4().hex}")
    monkeypatch.setattr(Conf, "Q_STAT", f"django_q:{Conf.PREFIX}:cluster")
    broker = Redis(list_key=Conf.PREFIX)
    yield broker
    broker.delete_queue()
    for left_over in broker.connection.keys(f"*{Conf.PREFIX}*"):
        broker.connection.delete(left_over)


@pytest.fixture
def workers(child_environment, world, broker):
    """Two complete worker commands."""
    environment = (
        child_environment
        | addresses(world)
        | {
            "DJANGO_SETTINGS_MODULE": "tests.conformance.redis_settings",
            "WORKFLOWS_TEST_CLUSTER": Conf.PREFIX,
        }
    )
    with running_worker(environment) as one, running_worker(environment) as other:
        wait_until(lambda: WorkerBeat.objects.count() == 2, "both beat", DONE_SECONDS)
        yield one, other


@pytest.fixture
def payments(workers):
    return Payments()


def test_two_clusters_share_the_work_and_do_nothing_twice(workers, payments, world, broker):
    for number in range(TASKS):
        async_task("tests.conformance.tally.note", number, broker=broker)
    payments.pay(CLAIMS)
    wait_until(payments.all_paid, "every claim is paid", DONE_SECONDS)
    wait_until(lambda: len(noted()) >= TASKS, "every task is done", DONE_SECONDS)
    expect_every_effect_done(payments)
    expect_everything_once(world, payments)
    assert {entry.calls for entry in world.books.entries("bank")} == {1}
    assert [worker.stop() for worker in workers] == [0, 0]
    assert noted() == list(range(TASKS))
    assert not Event.objects.exclude(kind=EventKind.ATTEMPT).exists()


def test_a_cluster_that_is_killed_loses_nothing(workers, payments, world):
    killed, other = workers
    payments.pay(CLAIMS)
    wait_until(lambda: under_way() and world.books.entries("bank"), "work goes on", DONE_SECONDS)
    killed.kill_main()
    payments.pay(CLAIMS)
    wait_until(payments.all_paid, "every claim is paid", 3 * LEASE.total_seconds() + DONE_SECONDS)
    assert other.stop() == 0
    expect_every_effect_done(payments)
    expect_everything_once(world, payments)
