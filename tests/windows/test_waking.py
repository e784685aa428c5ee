"""W2, W3, W4: what wakes a worker is lost, and nothing is lost with it. Real processes."""

import time
from contextlib import closing
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.utils import timezone

from tests.cluster_members import wait_until
from tests.kills.lease import LEASE
from tests.kills.models import Payment
from tests.kills.payments import iban
from tests.kills.story import expect_everything_once, heard
from workflows_app.engine import execute
from workflows_app.engine.queue import bells
from workflows_app.engine.queue.bells import bell_of
from workflows_app.engine.queue.watch import LONGEST, Token, Watch
from workflows_app.models import EffectRun
from workflows_app.testing import check_invariants, drain, killed

from .half_open import half_open

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(120)]

#: A worker looks every second; the machine of the tests may be busy.
SOON_SECONDS = 15
DONE_SECONDS = 3 * LEASE.total_seconds()
COMPLETE_AGAIN_SECONDS = 15


def is_paid_once(world, payments):
    """Every effect is done, and the bank has one transfer for each payment."""
    wait_until(payments.all_paid, "the worker does it", DONE_SECONDS)
    expect_everything_once(world, payments)
    check_invariants(heard(world), quiet=True, lag=timedelta(seconds=SOON_SECONDS))


def test_w02_killed_between_the_commit_and_the_wake_up_of_a_real_worker(worker, world, payments):
    payment = Payment.objects.create(iban=iban(1))
    clerk = get_user_model().objects.get(username="kills-clerk")
    assert killed(lambda: execute(payment.pay, by=clerk), at="command.committed")
    payments.count += 1
    is_paid_once(world, payments)


@pytest.mark.only_on("postgresql")
def test_w03_the_ear_of_a_real_worker_is_lost(worker, world, payments):
    wait_until(listens, "the worker listens", SOON_SECONDS)
    end_the_session_that_listens()
    payments.pay(1)
    is_paid_once(world, payments)
    wait_until(listens, "the worker listens again", SOON_SECONDS)
    payments.pay(1)
    is_paid_once(world, payments)


def test_w03_a_commit_that_nobody_heard_is_seen_at_the_next_look(shipping):
    """Between a look and the wait after it: committed, and the ear is lost or does not hear it."""
    EffectRun.objects.update(due=timezone.now() + timedelta(hours=1))
    with closing(Watch("default", None, workers=2)) as watch:
        assert isinstance(watch.look(), Token)  # for the first sweep
        wait_until(lambda: watch.look() == LONGEST, "it means to wait", SOON_SECONDS)
        commit_unheard(watch)
        watch.wait(LONGEST)
        wait_until(lambda: isinstance(watch.look(), Token), "it has seen it", 1)
    drain()


def commit_unheard(watch):
    if connection.vendor == "postgresql":
        EffectRun.objects.update(due=timezone.now())  # without NOTIFY
        end_the_session_that_listens()
    elif connection.vendor == "sqlite":  # which tells a connection nothing of its own commits
        watch._bell._connection.execute("UPDATE workflows_app_effectrun SET due = '2020-01-01'")
    else:
        EffectRun.objects.update(due=timezone.now())


@pytest.mark.only_on("postgresql")
def test_w03_an_ear_that_is_half_open_is_noticed_and_replaced(settings, monkeypatch):
    given = connection.get_connection_params()
    with half_open(given["host"], given.get("port", 5432)) as proxy:
        parts = {"host": "127.0.0.1", "port": proxy.port, "user": given["user"]}
        dsn = " ".join(f"{name}={value}" for name, value in parts.items())
        settings.WORKFLOWS = {"LISTEN_DSN": f"{dsn} dbname={given['dbname']}"}
        monkeypatch.setattr(bells, "HEALTH", timedelta(0))  # it asks at every look
        with closing(bell_of("default")) as bell:
            bell.arm()
            assert listens()
            proxy.fall_silent()
            began = time.monotonic()
            bell.arm()
            bell.wait(LONGEST)
            assert time.monotonic() - began < SOON_SECONDS
            settings.WORKFLOWS = {}
            bell.arm()
            assert bell._connection is not None


def end_the_session_that_listens():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN %' AND datname = current_database()"
        )
        assert cursor.fetchone()[0] == 1


def listens():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN %' AND datname = current_database()"
        )
        return cursor.fetchone()[0] == 1


def test_w04_the_pusher_is_killed_with_a_token_in_its_hands(worker, world, payments):
    for number in range(5):
        worker.wait_until_complete(COMPLETE_AGAIN_SECONDS)
        (pusher,) = worker.members()["pusher"]
        payments.pay(1)
        time.sleep(number * 0.002)  # somewhere between the look and the queue
        pusher.kill()
        pusher.wait()
    worker.wait_until_complete(COMPLETE_AGAIN_SECONDS)
    is_paid_once(world, payments)
