"""Flushing empties the append-only tables too, and the guard stands afterwards."""

import urllib.request

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import TransactionTestCase

from tests.testapp.models import Crate
from workflows_app import SYSTEM
from workflows_app.engine import execute
from workflows_app.models import Operation
from workflows_app.models.guard import missing


@pytest.mark.django_db(transaction=True)
def test_flush_empties_everything_and_leaves_the_guard():
    execute(Crate.objects.create().shut, by=SYSTEM)
    call_command("flush", interactive=False, verbosity=0)
    assert not Operation.objects.exists()
    assert not Crate.objects.exists()
    assert missing("default") == []
    crate = Crate.objects.create()
    with pytest.raises(IntegrityError), transaction.atomic():
        Crate.objects.filter(pk=crate.pk).update(status="shut")


@pytest.mark.django_db(transaction=True)
def test_a_flush_that_is_called_off_changes_nothing(monkeypatch, capsys):
    Crate.objects.create()
    monkeypatch.setattr("builtins.input", lambda _: "no")
    call_command("flush", verbosity=0)
    assert "cancelled" in capsys.readouterr().out
    assert Operation.objects.count() == 1
    assert missing("default") == []


@pytest.mark.only_on("sqlite", "mysql")
@pytest.mark.django_db(transaction=True)
def test_a_flush_that_fails_leaves_the_guard(monkeypatch):
    def fail(*args):
        raise RuntimeError("disk full")

    Crate.objects.create()
    monkeypatch.setattr("django.db.connection.ops.execute_sql_flush", fail)
    with pytest.raises(CommandError):
        call_command("flush", interactive=False, verbosity=0)
    assert missing("default") == []


@pytest.mark.parametrize("time", ["first", "second"])
@pytest.mark.django_db(transaction=True)
def test_a_test_with_real_transactions_begins_empty(time):
    assert not Operation.objects.exists()
    execute(Crate.objects.create().shut, by=SYSTEM)


class DjangosOwnTransactionTests(TransactionTestCase):
    """Django's own TransactionTestCase, which flushes after each test."""

    def test_once(self):
        self.write_and_look()

    def test_twice(self):
        self.write_and_look()

    def write_and_look(self):
        self.assertEqual(Operation.objects.count(), 0)
        execute(Crate.objects.create().shut, by=SYSTEM)
        self.assertEqual(Operation.objects.count(), 2)


def test_a_live_server_works_on_guarded_rows(live_server):
    Crate.objects.create()
    request = urllib.request.Request(f"{live_server.url}/nowhere/")  # noqa: S310  our own server
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(request)  # noqa: S310  our own server
