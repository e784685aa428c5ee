"""Guards, bodies and handlers that break the rules of the language fail their test."""

import socket
import subprocess
import sys
import threading
from contextlib import suppress

import pytest
from django.core.mail import send_mail
from django.db import IntegrityError, connection, transaction

from tests.testapp import remote
from tests.testapp.linked import squeak
from tests.testapp.models import Lead, Seat, Trip
from workflows_app import SYSTEM
from workflows_app.engine import execute
from workflows_app.engine.drain import drain
from workflows_app.failures import ContractError, ProtectedState
from workflows_app.models import EffectRun, Event, Operation
from workflows_app.testing import BrokenRule, strict

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def forgetful():
    yield
    remote.forget()


@pytest.fixture
def seat(db):
    return Seat.objects.create(trip=Trip.objects.create(title="to the sea"), number=1)


@pytest.fixture
def listening():
    """The address of somebody outside."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()


def misbehave(seat, **said):
    remote.answers.update(said)
    return execute(seat.misbehave, by=SYSTEM)


def perform(seat, squeaks):
    """Ask for the effect and perform it with this handler, in this thread."""
    remote.answers["squeak"] = squeaks
    return squeak(seat, EffectRun(id=misbehave(seat).id))


def knock(address):
    socket.create_connection(address, timeout=1).close()


def break_a_rule():
    with connection.cursor() as cursor:
        cursor.execute("UPDATE testapp_seat SET number = NULL")


BODIES = {
    "opens a connection": (
        lambda address: lambda seat, cmd: knock(address),
        "body misbehave reaches outside",
    ),
    "starts a process": (
        lambda address: lambda seat, cmd: subprocess.run([sys.executable, "-V"], check=True),
        "body misbehave reaches outside",
    ),
    "sends mail": (
        lambda address: lambda seat, cmd: send_mail("Hello", "", None, ["ada@example.org"]),
        "body of misbehave sent mail",
    ),
    "calls an effect": (
        lambda address: lambda seat, cmd: squeak(seat, None),
        "body misbehave calls the effect squeak",
    ),
    "executes by itself": (
        lambda address: lambda seat, cmd: execute(seat.void, by=SYSTEM),
        r"calls execute\(\) for void",
    ),
}


@pytest.mark.parametrize("breaks", BODIES)
def test_a_body_that_breaks_the_rules_fails_its_test_and_nothing_is_written(
    seat, listening, breaks
):
    body, told = BODIES[breaks]
    with pytest.raises(BrokenRule, match=told):
        misbehave(seat, misbehave=body(listening))
    seat.refresh_from_db()
    assert (seat.version, Operation.objects.filter(transition="misbehave").count()) == (0, 0)


def test_a_body_that_catches_a_database_error_and_goes_on_fails_its_test(seat):
    def carry_on(seat, cmd):
        with suppress(IntegrityError):
            break_a_rule()

    def carry_on_behind_a_savepoint(seat, cmd):
        with suppress(IntegrityError), transaction.atomic():
            break_a_rule()

    with pytest.raises(BrokenRule, match=r"(?s)caught IntegrityError .* savepoint"):
        misbehave(seat, misbehave=carry_on)
    assert misbehave(seat, misbehave=carry_on_behind_a_savepoint).version == 1


def test_a_body_that_saves_its_object_is_refused_as_ever(seat):
    with pytest.raises(ProtectedState, match="never saves its object"):
        misbehave(seat, misbehave=lambda seat, cmd: seat.save())


GUARDS = {
    "changes a column": (lambda seat: setattr(seat, "number", 7), "changed number of its object"),
    "writes": (lambda seat: Trip.objects.update(title="away"), "asks the database: UPDATE"),
    "reads": (lambda seat: seat.trip.title, "asks the database: SELECT"),
    "calls an effect": (lambda seat: squeak(seat, None), "guard as_told calls the effect"),
}


@pytest.mark.parametrize("breaks", GUARDS)
def test_a_guard_that_breaks_the_rules_fails_its_test(seat, breaks):
    guard, told = GUARDS[breaks]
    with pytest.raises((BrokenRule, ContractError), match=told):
        misbehave(Seat.objects.get(pk=seat.pk), as_told=guard)


def test_a_guard_that_reaches_outside_fails_its_test(seat, listening):
    with pytest.raises(BrokenRule, match="guard as_told reaches outside"):
        misbehave(seat, as_told=lambda seat: knock(listening))


HANDLERS = {
    "moves a run": lambda seat, run: EffectRun.objects.update(attempts=0),
    "writes an event": lambda seat, run: Event.objects.update(kind="done"),
    "rewrites an operation": lambda seat, run: Operation.objects.update(reason="forged"),
}


@pytest.mark.parametrize("breaks", HANDLERS)
def test_a_handler_that_writes_rows_of_ours_fails_its_test(seat, breaks):
    with pytest.raises(BrokenRule, match="these rows are the worker's"):
        perform(seat, HANDLERS[breaks])


MOVES = {
    "in memory": lambda seat, run: setattr(seat, "status", "void"),
    "in the database": lambda seat, run: Seat.objects.update(status="void"),
}


@pytest.mark.parametrize("moves", MOVES)
def test_a_handler_that_changes_a_state_round_execute_fails_its_test(seat, moves):
    with pytest.raises(BrokenRule, match="handler of squeak changes a state"):
        perform(seat, MOVES[moves])


def test_a_handler_that_calls_outside_in_a_transaction_fails_its_test(seat, listening):
    def locks_and_waits(seat, run):
        with transaction.atomic():
            knock(listening)

    with pytest.raises(BrokenRule, match="in a transaction of its own"):
        perform(seat, locks_and_waits)
    assert perform(seat, lambda seat, run: knock(listening)) is None


def test_a_handler_does_what_it_may(seat):
    def as_it_should(seat, run):
        Lead.objects.create(email="ada@example.org")
        Trip.objects.update(title="seen")
        send_mail("Hello", "", None, ["ada@example.org"])
        execute(seat.void, by=SYSTEM)
        return {"ok": True}

    assert perform(seat, as_it_should) == {"ok": True}


@pytest.mark.django_db(transaction=True)
def test_a_handler_on_a_thread_of_the_worker_is_watched_too(seat, monkeypatch):
    told = []
    monkeypatch.setattr(threading, "excepthook", lambda failed: told.append(failed.exc_type))
    misbehave(seat, squeak=lambda seat, run: setattr(seat, "status", "void"))
    drain()
    assert told == [BrokenRule]


@pytest.mark.lenient
def test_a_lenient_test_is_not_watched(seat):
    misbehave(seat, misbehave=lambda seat, cmd: send_mail("Hello", "", None, ["ada@example.org"]))
    with strict(), pytest.raises(BrokenRule):
        misbehave(seat)
