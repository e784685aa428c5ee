"""Waking: one notification per committed transaction, after it, and none for a lost one."""

import psycopg
import pytest
from django.db import OperationalError, connection, transaction

from workflows_app.engine.queue import wake
from workflows_app.engine.queue.wake import CHANNEL

pytestmark = pytest.mark.django_db(transaction=True)


class Lost(Exception):
    """Rolls a transaction back."""


@pytest.fixture
def heard():
    """How many notifications have arrived since the last call."""
    with psycopg.connect(**connection.get_connection_params(), autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        yield lambda: len(list(listener.notifies(timeout=0.2)))


@pytest.mark.only_on("postgresql")
def test_a_commit_notifies_once_however_often_it_was_asked(heard):
    with transaction.atomic():
        wake("default")
        wake("default")
        assert heard() == 0
    assert heard() == 1


@pytest.mark.only_on("postgresql")
def test_every_transaction_notifies(heard):
    for _ in range(3):
        with transaction.atomic():
            wake("default")
    assert heard() == 3


@pytest.mark.only_on("postgresql")
def test_a_rollback_notifies_nobody(heard):
    with pytest.raises(Lost), transaction.atomic():
        wake("default")
        raise Lost
    assert heard() == 0


@pytest.mark.only_on("postgresql")
def test_the_notification_waits_for_the_callers_own_transaction(heard):
    with transaction.atomic():
        with transaction.atomic():
            wake("default")
        assert heard() == 0
    assert heard() == 1


@pytest.mark.only_on("postgresql")
def test_a_savepoint_that_was_rolled_back_takes_only_its_own_request_away(heard):
    with transaction.atomic():
        with pytest.raises(Lost), transaction.atomic():
            wake("default")
            raise Lost
        with transaction.atomic():
            wake("default")
    assert heard() == 1


@pytest.mark.only_on("postgresql")
def test_a_notification_that_cannot_be_sent_does_not_fail_the_command(caplog):
    with transaction.atomic():
        transaction.on_commit(cut_our_session, robust=True)
        wake("default")
    connection.close()
    assert "Error calling" in caplog.text


def cut_our_session():
    with pytest.raises(OperationalError), connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.mark.only_on("sqlite", "mysql")
def test_others_need_no_notification():
    with transaction.atomic():
        wake("default")
        assert not connection.run_on_commit
