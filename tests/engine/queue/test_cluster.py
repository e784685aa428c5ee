"""Our parts fit into django-q2's cluster: on another release these fail, and loudly."""

import ast
import inspect

import django_q
import pytest
from django.core.exceptions import ImproperlyConfigured
from django_q import cluster, monitor, pusher, worker
from django_q.conf import Conf
from django_q.signing import SignedPackage

from workflows_app.engine.queue import tokens
from workflows_app.engine.queue.cluster import REPLACEMENTS, TRIED, configure, install

SHARED = {"Queue", "Value", "Event"}


@pytest.fixture
def djangos_own(monkeypatch):
    """Whatever is replaced is put back."""
    for name in REPLACEMENTS:
        monkeypatch.setattr(cluster, name, getattr(cluster, name))


@pytest.fixture
def conf(monkeypatch):
    """Whatever is configured is put back."""
    for name in ("BROKER_CLASS", "WORKERS", "QUEUE_LIMIT", "SAVE_LIMIT", "CATCH_UP", "GUARD_CYCLE"):
        monkeypatch.setattr(Conf, name, getattr(Conf, name))
    return Conf


def from_multiprocessing(module):
    """The names that a module of django-q2 takes from multiprocessing."""
    imports = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("multiprocessing")
    ]
    return {alias.name for node in imports for alias in node.names}


def test_the_installed_release_is_one_that_was_tried():
    assert django_q.VERSION[:2] == TRIED


def test_the_cluster_shares_nothing_between_processes_that_we_do_not_replace():
    assert from_multiprocessing(cluster) == {"Event", "Value", "Process", "current_process"}
    assert from_multiprocessing(pusher) | from_multiprocessing(worker) <= SHARED | {
        "current_process"
    }
    assert from_multiprocessing(monitor) <= SHARED | {"current_process"}


@pytest.mark.parametrize(
    ("where", "call"),
    [
        (cluster.Cluster.start, "Event()"),
        (cluster.Cluster.start, "get_mp_context().Process("),
        (cluster.Cluster.start, "target=Sentinel"),
        (cluster.Sentinel.__init__, "Queue(maxsize=Conf.QUEUE_LIMIT)"),
        (cluster.Sentinel.__init__, "Event()"),
        (cluster.Sentinel.__init__, "self.start()"),
        (cluster.Sentinel.spawn_worker, 'Value("f", -1)'),
        (cluster.Sentinel.spawn_process, "get_mp_context().Process("),
        (pusher.pusher, 'task["ack_id"] = ack_id'),
        (worker.worker, "post_execute_in_worker.send("),
        (worker.worker, 'iter(task_queue.get, "STOP")'),
        (monitor.monitor, 'iter(result_queue.get, "STOP")'),
    ],
)
def test_the_cluster_makes_its_parts_where_we_replace_them(where, call):
    assert call in inspect.getsource(where)


def test_every_part_is_replaced(djangos_own):
    install()
    assert {name: getattr(cluster, name) for name in REPLACEMENTS} == REPLACEMENTS


def test_a_release_that_was_not_tried_is_refused(djangos_own, monkeypatch):
    monkeypatch.setattr(django_q, "VERSION", (1, 12, 0))
    with pytest.raises(ImproperlyConfigured, match="django-q2>=1.11,<1.12"):
        install()


def test_a_release_that_lacks_a_part_is_refused(djangos_own, monkeypatch):
    monkeypatch.delattr(cluster, "get_mp_context")
    with pytest.raises(ImproperlyConfigured, match="get_mp_context"):
        install()


def test_what_q_cluster_says_is_kept_and_the_rest_is_safe(conf):
    assert configure(workers=3, quiet=False) == 3
    assert conf.BROKER_CLASS == "workflows_app.engine.queue.broker.WakingBroker"
    assert conf.conf["save_limit"] == conf.SAVE_LIMIT
    assert conf.QUEUE_LIMIT == 9
    assert conf.GUARD_CYCLE < 0.5


def test_without_a_number_the_workers_are_those_of_q_cluster(conf):
    assert configure(workers=None, quiet=False) == conf.conf["workers"]


def test_a_token_is_a_signed_task_that_drains_and_is_never_saved_or_timed_out():
    task = SignedPackage.loads(tokens.token_task())
    assert task["func"] == "workflows_app.engine.queue.tokens.spend"
    assert task["save"] is False
    assert task["timeout"] == tokens.NO_TIMEOUT
