"""A timer against a command, and a worker that dies in the middle: the object's lock decides."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction

from tests.testapp.models import Case
from workflows_app import NotAllowed
from workflows_app.engine import edit, execute
from workflows_app.engine.fire import fire_due
from workflows_app.models import EffectRun, Operation, Timer
from workflows_app.models.clock import DatabaseNow
from workflows_app.testing import (
    Pause,
    broken_promises,
    cut,
    drain,
    killed_everywhere,
    scripted,
    statement,
)

from .locks import wait_until_somebody_waits_for_a_lock
from .races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

#: A worker has taken the timer and has not looked at the object.
TAKEN = statement("UPDATE", "workflows_app_timer")


@pytest.fixture(autouse=True)
def answers():
    with scripted({}) as script:
        yield script


@pytest.fixture
def review(clerk, clock):
    case = Case.objects.create(title="a", ready=True)
    execute(case.begin, by=clerk)
    Timer.objects.exclude(clock="escalate").filter(live=True).update(ask_at=None)
    clock.move(hours=24)
    return case


def fire():
    return fire_due("default", at_most_seconds=60)


def park(case, clerk):
    return execute(Case.objects.get(pk=case.pk).park, by=clerk)


def how_it_went(case):
    """Where the case is, and what led out of the review."""
    case.refresh_from_db()
    assert broken_promises(case) == []
    operations = Operation.objects.of("testapp.case", str(case.pk))
    return case.status, [one.transition for one in operations if one.source == "review"]


def test_w17_the_timer_holds_the_object_and_the_command_is_refused(review, clerk):
    firing = Pause("object.locked")

    def fire_slowly():
        with firing.here():
            return fire()

    def command():
        firing.wait_until_reached()
        return park(review, clerk)

    def let_go():
        firing.wait_until_reached()
        wait_until_somebody_waits_for_a_lock()
        firing.let_go()

    _, refused, _ = at_once(fire_slowly, command, let_go)
    assert isinstance(refused, NotAllowed)
    assert how_it_went(review) == ("second", ["escalate"])


def test_w17_the_command_holds_the_object_and_the_timer_ends_unfired(review, clerk, clock):
    commanding = Pause("object.locked")

    def command():
        with commanding.here():
            return park(review, clerk)

    def fire_beside_it():
        commanding.wait_until_reached()
        if connection.vendor == "sqlite":  # there the timer waits, elsewhere it comes back later
            commanding.let_go()
        fire()
        commanding.let_go()

    at_once(command, fire_beside_it)
    clock.move(minutes=2)
    fire()
    assert how_it_went(review) == ("parked", ["park"])
    ended = Timer.objects.get(clock="escalate")
    assert (ended.state, ended.fired, ended.live) == ("cancelled", 0, None)


def test_a_command_between_the_timer_s_look_and_its_lock_wins(review, clerk):
    taking = Pause(TAKEN)

    def fire_slowly():
        with taking.here():
            return fire()

    def command():
        taking.wait_until_reached()
        try:
            return park(review, clerk)
        finally:
            taking.let_go()

    at_once(fire_slowly, command)
    assert how_it_went(review) == ("parked", ["park"])


def test_an_edit_that_moves_the_deadline_wins_over_a_timer_that_has_looked(clerk, clock):
    case = Case.objects.create(title="a")
    execute(case.book, by=clerk)
    edit(case, by=clerk, data={"patience": "02:00:00"})
    clock.move(hours=2)
    taking = Pause(TAKEN)

    def fire_slowly():
        with taking.here():
            return fire()

    def move():
        taking.wait_until_reached()
        edit(Case.objects.get(pk=case.pk), by=clerk, data={"patience": "09:00:00"})
        taking.let_go()

    at_once(fire_slowly, move)
    case.refresh_from_db()
    timer = Timer.objects.get(clock="cancel")
    assert (case.status, timer.state, timer.due) == ("booked", "running", timer.ask_at)
    clock.move(hours=7)
    fire()
    case.refresh_from_db()
    assert case.status == "cancelled"


def test_a_guard_opened_while_the_worker_hears_its_refusal_is_asked_again(clerk, clock):
    case = Case.objects.create(title="a")
    taking = Pause(TAKEN)

    def fire_slowly():
        with taking.here():
            return fire()

    def open_it():
        taking.wait_until_reached()
        edit(Case.objects.get(pk=case.pk), by=clerk, data={"ready": True})
        taking.let_go()

    at_once(fire_slowly, open_it)
    fire()
    case.refresh_from_db()
    assert case.status == "review"


def test_of_two_workers_one_fires_a_timer(clerk, clock):
    cases = [Case.objects.create(title=f"{n}", ready=True) for n in range(12)]
    at_once(fire, fire)
    clock.move(minutes=2)  # those that found the object locked come back
    fire()
    operations = Operation.objects.filter(transition="begin")
    assert sorted(one.object_id for one in operations) == sorted(str(case.pk) for case in cases)


def test_w17_killed_anywhere_while_it_fires_a_timer_has_fired_once(clock):
    def new_case():
        return Case.objects.create(title="a", ready=True)

    for case, _ in killed_everywhere(new_case, lambda case: fire()):
        clock.move(minutes=2)  # a lease
        drain()
        operations = Operation.objects.of("testapp.case", str(case.pk))
        assert [one.transition for one in operations] == ["create", "begin"]
        assert Timer.objects.get(object_id=str(case.pk), clock="begin").state == "fired"
        case.refresh_from_db()
        assert broken_promises(case) == []


def test_w17_killed_anywhere_while_a_clock_asks_for_an_effect_it_has_asked_once(clerk, clock):
    def parked_case():
        case = Case.objects.create(title="a", ready=True)
        execute(case.begin, by=clerk)
        execute(case.park, by=clerk)
        clock.move(hours=8)
        Timer.objects.exclude(object_id=str(case.pk)).update(ask_at=None)
        return case

    for case, _ in killed_everywhere(parked_case, lambda case: fire()):
        clock.move(minutes=2)
        drain()
        runs = EffectRun.objects.of("testapp.case", str(case.pk))
        assert [(run.effect, run.state) for run in runs] == [("remind", "done")]
        timer = Timer.objects.get(object_id=str(case.pk), clock="parked")
        assert (timer.state, timer.fired) == ("running", 1)
        assert timer.due is not None
        assert timer.due > clock.now + timedelta(hours=7)


@pytest.mark.only_on("postgresql", "mysql")
def test_an_object_that_somebody_keeps_locked_keeps_no_other_timer_waiting(clerk, clock):
    locked, other = (Case.objects.create(title=title, ready=True) for title in "ab")
    holding = Pause(statement("FOR UPDATE"))

    def hold():
        with holding.here(), transaction.atomic():
            Case.objects.select_for_update().get(pk=locked.pk)

    def look():
        holding.wait_until_reached()
        fire()
        holding.let_go()

    at_once(hold, look)
    other.refresh_from_db()
    assert other.status == "review"
    clock.move(seconds=2)
    fire()
    locked.refresh_from_db()
    assert locked.status == "review"


@pytest.mark.only_on("postgresql", "mysql")
def test_a_server_that_goes_away_while_a_clock_fires_is_what_is_told(review, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "PORT", "1")  # nobody listens there any more
        with cut(at="object.locked"), pytest.raises(OperationalError):
            fire()
    Timer.objects.filter(clock="escalate").update(ask_at=DatabaseNow())
    fire()
    assert how_it_went(review) == ("second", ["escalate"])


@pytest.mark.only_on("postgresql", "mysql")
def test_w17_the_answer_to_the_commit_of_a_firing_is_lost_and_it_has_fired_once(clock):
    case = Case.objects.create(title="a", ready=True)
    with cut(at="command.committed"), suppress(OperationalError, InterfaceError):
        fire()
    clock.move(minutes=2)
    fire()
    operations = Operation.objects.of("testapp.case", str(case.pk))
    assert [one.transition for one in operations] == ["create", "begin"]
    assert Timer.objects.get(clock="begin").state == "fired"
