"""What follows from an effect's outcome runs with it, or later; the outcome is kept either way."""

import logging
from datetime import timedelta

import pytest
from django.db import OperationalError, connection
from django.db.models.signals import post_save
from django.utils import timezone

from tests.testapp.models import Parcel
from tests.testapp.workflow import AddressRefused
from workflows_app import SYSTEM
from workflows_app.engine import execute
from workflows_app.engine.drain import drain
from workflows_app.engine.request import Cause
from workflows_app.engine.sweep import sweep
from workflows_app.failures import Recorded
from workflows_app.models import EffectRun, Event, Operation

from .races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def when_saved():
    """Have a function called in the transaction, each time a parcel has been saved."""
    receivers = []

    def connect(function):
        def receiver(sender, instance, **kwargs):
            function(instance)

        receivers.append(receiver)
        post_save.connect(receiver, sender=Parcel)

    yield connect
    for receiver in receivers:
        post_save.disconnect(receiver, sender=Parcel)


def trouble(error):
    """A receiver that breaks every arrival of a parcel."""

    def arrive(parcel):
        if parcel.status == "arrived":
            raise error

    return arrive


def test_then_runs_as_the_system_in_the_transaction_that_settles(shipping, run_of):
    drain()
    run, arrival = run_of("hand_over"), Operation.objects.get(transition="arrive")
    assert (arrival.actor, arrival.kind) == ("system", "system")
    assert arrival.cause == f"run:{run.pk}"
    assert arrival.key == f"run:{run.key}:come"
    assert arrival.data == {"tracking": run.result["tracking"]}
    assert Parcel.history.get(operation_id=arrival.pk).history_user is None


def test_otherwise_knows_the_failure_and_is_caused_by_the_run(shipping, run_of, answers):
    answers["hand_over"] = AddressRefused
    drain()
    halt = Operation.objects.get(transition="halt")
    assert halt.cause == f"run:{run_of('hand_over').pk}"
    assert Parcel.objects.get().trouble == "address_refused"


def test_a_follow_up_the_object_has_moved_past_is_unwanted_and_said_so(shipping, run_of, answers):
    def meanwhile(parcel, run):
        cause = Cause("test", Recorded("moved", "Moved.", "rejected"))
        execute(Parcel.objects.get().halt, by=SYSTEM, cause=cause)
        return {"tracking": "late"}

    answers["hand_over"] = meanwhile
    drain()
    run = run_of("hand_over")
    assert (run.state, run.follow_up, run.result) == ("done", "unwanted", {"tracking": "late"})
    assert run.holds_lane is None
    event = Event.objects.get(run=run, kind="follow_up_unwanted")
    assert event.data["code"] == "wrong_state"
    assert Parcel.objects.get().status == "halted"


def database_refuses(parcel):
    if parcel.status == "arrived":
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")


@pytest.mark.parametrize("broken", [trouble(ZeroDivisionError), database_refuses])
def test_a_follow_up_that_raises_is_tried_five_times_and_then_somebodys_concern(
    shipping, run_of, when_saved, broken, clock
):
    when_saved(broken)
    drain()
    run = run_of("hand_over")
    assert (run.state, run.follow_up, run.follow_up_attempts) == ("done", "pending", 1)
    waits = []
    while run.follow_up == "pending":
        waits.append(round((run.follow_up_due - timezone.now()).total_seconds()))
        sweep("default")  # not due yet
        run.refresh_from_db()
        assert run.follow_up_attempts == len(waits)
        clock.move(minutes=1)
        sweep("default")
        run.refresh_from_db()
    assert (run.state, run.follow_up, run.follow_up_attempts) == ("done", "dead", 5)
    assert waits == [2, 6, 18, 54]
    assert run.result["tracking"]
    assert Event.objects.filter(run=run, kind="follow_up_failed").count() == 5
    assert (Parcel.objects.get().status, Parcel.objects.get().version) == ("shipping", 2)
    assert Event.objects.filter(run=run, kind="attempt").count() == 1


def test_a_follow_up_that_works_at_last_runs_once(shipping, run_of, when_saved, clock):
    left = [ZeroDivisionError, ZeroDivisionError]

    def twice(parcel):
        if parcel.status == "arrived" and left:
            raise left.pop()

    when_saved(twice)
    drain()
    for _ in range(3):
        clock.move(minutes=1)
        sweep("default")
    run = run_of("hand_over")
    assert (run.follow_up, run.follow_up_attempts) == ("done", 3)
    assert Operation.objects.filter(transition="arrive").count() == 1
    assert run_of("tell_sender").operation.transition == "arrive"


def test_a_busy_database_spends_no_try_of_a_follow_up(shipping, run_of, when_saved, clock):
    when_saved(trouble(OperationalError("database is locked")))
    drain()
    for _ in range(8):
        clock.move(minutes=1)
        sweep("default")
    run = run_of("hand_over")
    assert (run.state, run.follow_up, run.follow_up_attempts) == ("done", "pending", 0)
    assert run.follow_up_due > timezone.now() + timedelta(seconds=1)


def test_a_pending_otherwise_holds_its_lane_until_it_ran(
    packed, clerk, run_of, answers, when_saved, clock
):
    left = [ZeroDivisionError]

    def once(parcel):
        if parcel.status == "halted" and left:
            raise left.pop()

    when_saved(once)
    answers["hand_over"] = AddressRefused
    execute(packed.ship, by=clerk)
    execute(packed.cover, by=clerk)
    drain()
    assert (run_of("hand_over").follow_up, run_of("insure").state) == ("pending", "held")
    clock.move(minutes=1)
    sweep("default")
    assert (run_of("hand_over").follow_up, run_of("insure").state) == ("done", "queued")


def test_parallel_sweeps_run_a_pending_follow_up_once(shipping, run_of, when_saved, clock):
    left = [ZeroDivisionError]

    def once(parcel):
        if parcel.status == "arrived" and left:
            raise left.pop()

    when_saved(once)
    drain()
    clock.move(minutes=1)
    at_once(*[lambda: sweep("default")] * 4)
    clock.move(minutes=1)
    sweep("default")
    assert Operation.objects.filter(transition="arrive").count() == 1
    assert run_of("hand_over").follow_up == "done"
    assert not Event.objects.filter(kind="follow_up_unwanted").exists()


def test_a_follow_up_that_no_code_knows_any_more_is_an_incident(shipping, caplog, clock):
    EffectRun.objects.filter(effect="hand_over").update(
        state="done",
        result={},
        follow_up="pending",
        follow_up_due=timezone.now(),
        effect="insure",
    )
    with caplog.at_level(logging.ERROR, "workflows_app"):
        for _ in range(5):
            clock.move(minutes=1)
            sweep("default")
    assert EffectRun.objects.get(effect="insure").follow_up == "dead"
