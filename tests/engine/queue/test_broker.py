"""The broker: tokens for effects, the project's own tasks as before, and no error that ends it."""

from contextlib import closing
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.signing import SignedPackage
from django_q.tasks import async_task

from workflows_app.engine.queue import tokens
from workflows_app.engine.queue.broker import WakingBroker
from workflows_app.engine.queue.messages import Queue
from workflows_app.models import WorkerBeat

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker(settings):
    settings.WORKFLOWS = {"SWEEP_EVERY": timedelta(hours=1)}
    broker = WakingBroker()
    assert drains(fetch(broker))  # the first token is for the sweep
    yield broker
    broker.close()


def fetch(broker):
    """Ask, as the pusher does, until there is something; None when there is nothing."""
    for _ in range(20):
        if tasks := broker.dequeue():
            return tasks
    return None


def drains(tasks):
    [(_, signed)] = tasks
    return SignedPackage.loads(signed)["func"] == tokens.SPEND


def test_a_due_effect_brings_a_token(broker, shipping):
    assert drains(fetch(broker))


def test_with_nothing_to_do_it_returns_with_nothing(broker):
    assert broker.dequeue() is None


def test_a_task_of_the_project_is_served_and_acknowledged(broker):
    async_task("operator.add", 1, 2, broker=broker)
    [(receipt, signed)] = fetch(broker)
    assert SignedPackage.loads(signed)["args"] == (1, 2)
    assert broker.lock_size() == 1
    broker.acknowledge(receipt)
    assert not OrmQ.objects.exists()


def test_no_more_is_fetched_than_should_wait(broker):
    broker.task_queue = Queue(maxsize=1)
    broker.task_queue.put("waiting")
    async_task("operator.add", 1, 2, broker=broker)
    assert fetch(broker) is None
    broker.task_queue.get()
    assert fetch(broker)
    broker.task_queue.close()


@pytest.mark.only_on("postgresql", "mysql")
def test_a_cut_connection_is_survived(broker, shipping, caplog):
    ours, cut = HOW_TO_CUT[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(ours)
        [session] = cursor.fetchone()
    with closing(connection.copy()) as other, other.cursor() as cursor:
        cursor.execute(cut, [session])
    assert drains(fetch(broker))
    assert "Looking for work failed" in caplog.text


HOW_TO_CUT = {
    "postgresql": ("SELECT pg_backend_pid()", "SELECT pg_terminate_backend(%s)"),
    "mysql": ("SELECT CONNECTION_ID()", "KILL %s"),
}


def test_it_beats_also_under_plain_qcluster(broker):
    assert WorkerBeat.objects.count() == 1


def test_it_wraps_the_orm_broker_when_q_cluster_names_none(monkeypatch):
    monkeypatch.setattr(Conf, "ORM", None)
    broker = WakingBroker()
    assert isinstance(broker.inner, ORM)
    assert Conf.ORM == "default"


def test_a_broker_it_cannot_wrap_is_refused(monkeypatch):
    monkeypatch.setattr(Conf, "SQS", {"aws_region": "nowhere"})
    with pytest.raises(ImproperlyConfigured, match="orm"):
        WakingBroker()


def test_what_it_does_not_know_it_forwards(broker):
    assert broker.ping()
    assert broker.queue_size() == 0
    assert broker.info() == "workflows over ORM default"
    async_task("operator.add", 1, 2, broker=broker)
    broker.purge_queue()
    assert broker.queue_size() == 0
