"""Bells: what is committed after the bell was armed rings it, also after the connection broke."""

import threading
import time
from contextlib import closing
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection, transaction

from workflows_app.engine.queue import wake
from workflows_app.engine.queue.bells import DataVersion, Listening, Polling, bell_of

pytestmark = pytest.mark.django_db(transaction=True)

LONG = timedelta(seconds=5)
SHORT = timedelta(milliseconds=100)


@pytest.fixture
def bell():
    with closing(bell_of("default")) as bell:
        yield bell


def commit():
    with transaction.atomic():
        Group.objects.create(name=f"group {time.monotonic()}")
        wake("default")


def commit_soon():
    def run():
        time.sleep(0.1)
        commit()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def seconds_of(wait, at_most):
    began = time.monotonic()
    wait(at_most)
    return time.monotonic() - began


def test_each_database_has_its_bell(bell):
    kinds = {"postgresql": Listening, "sqlite": DataVersion, "mysql": Polling}
    assert type(bell) is kinds[connection.vendor]


def test_a_commit_between_arming_and_waiting_rings(bell):
    bell.arm()
    commit()
    assert seconds_of(bell.wait, LONG) < 1


def test_a_commit_while_waiting_rings(bell):
    bell.arm()
    committing = commit_soon()
    assert seconds_of(bell.wait, LONG) < 1
    committing.join()


@pytest.mark.only_on("postgresql", "sqlite")
def test_without_a_commit_it_waits_as_long_as_it_may(bell):
    bell.arm()
    bell.wait(SHORT)
    bell.arm()
    assert seconds_of(bell.wait, SHORT) >= SHORT.total_seconds() * 0.9


@pytest.mark.only_on("postgresql")
def test_it_listens_again_after_the_connection_was_cut(bell):
    bell.arm()
    cut_listeners()
    bell.wait(SHORT)
    bell.arm()
    committing = commit_soon()
    assert seconds_of(bell.wait, LONG) < 1
    committing.join()


@pytest.mark.only_on("postgresql")
def test_without_a_connection_it_looks_often_instead(bell, settings):
    settings.WORKFLOWS = {"LISTEN_DSN": "host=127.0.0.1 port=1"}
    bell.arm()
    assert seconds_of(bell.wait, LONG) < 1


@pytest.mark.only_on("postgresql")
def test_it_listens_where_the_setting_says(settings):
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_database()")
        [[database]] = cursor.fetchall()
    given = connection.get_connection_params()
    parts = [f"{name}={given[name]}" for name in ("host", "port", "user") if name in given]
    settings.WORKFLOWS = {"LISTEN_DSN": " ".join([f"dbname={database}", *parts])}
    with closing(Listening("default")) as bell:
        bell.arm()
        commit()
        assert seconds_of(bell.wait, LONG) < 1


def cut_listeners():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE query LIKE 'LISTEN %' AND datname = current_database()"
        )
        assert cursor.fetchone()[0] == 1


def test_polling_never_waits_long():
    bell = Polling()
    bell.arm()
    assert seconds_of(bell.wait, LONG) < 1
