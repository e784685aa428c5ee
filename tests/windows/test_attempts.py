"""W5, W7, W8, W9, W11, W19, W21: an attempt is cut off where its remote honours the key."""

import pytest
from django.db import OperationalError

from tests.stories.races import at_once
from tests.testapp.models import Parcel
from workflows_app.engine.sweep import sweep
from workflows_app.models import EffectRun, Event, Operation
from workflows_app.testing import Pause, cut, drain, drain_until_quiet, killed, late
from workflows_app.testing.points import watching

from .conftest import TAKEN

pytestmark = pytest.mark.django_db(transaction=True)


def lost(run):
    return Event.objects.filter(run=run, kind="lease_lost").count()


def is_done(run, *, attempts, calls, book):
    """It ended well and once, with so many calls under one key."""
    assert (run.state, run.attempts, run.result) == ("done", attempts, TAKEN)
    assert book.calls_of(run) == calls
    assert Operation.objects.filter(transition="arrive").count() == 1
    assert Parcel.objects.get().status == "arrived"


def test_w05_killed_between_the_claim_and_the_handler(shipping, run_of, carrier, clock):
    assert killed(drain, at="claim.committed")
    assert run_of("hand_over").state == "running"
    drain_until_quiet(clock)
    run = run_of("hand_over")
    assert lost(run) == 1
    is_done(run, attempts=2, calls=1, book=carrier)


def test_w07_killed_between_the_send_and_the_answer(shipping, run_of, carrier, clock):
    assert killed(drain, at="handler.ended")
    assert carrier.calls_of(run_of("hand_over")) == 1
    drain_until_quiet(clock)
    is_done(run_of("hand_over"), attempts=2, calls=2, book=carrier)


@pytest.mark.parametrize("point", ["run.locked", "settle.written"])
def test_w08_killed_between_the_answer_and_its_commit(shipping, run_of, carrier, clock, point):
    assert killed(drain, at=point)
    assert run_of("hand_over").state == "running"
    drain_until_quiet(clock)
    is_done(run_of("hand_over"), attempts=2, calls=2, book=carrier)


@pytest.mark.only_on("postgresql", "mysql")
@pytest.mark.parametrize("point", ["run.locked", "settle.written"])
def test_w08_the_connection_is_cut_between_the_answer_and_its_commit(
    shipping, run_of, carrier, clock, point
):
    with cut(at=point):
        drain_until_quiet(clock)
    is_done(run_of("hand_over"), attempts=1, calls=1, book=carrier)


@pytest.mark.only_on("postgresql", "mysql")
def test_w09_the_outcome_is_committed_and_the_worker_hears_of_a_failure(
    shipping, run_of, carrier, clock
):
    with cut(at="settle.committed"):
        drain_until_quiet(clock)
    is_done(run_of("hand_over"), attempts=1, calls=1, book=carrier)
    assert not Event.objects.filter(kind="late_answer").exists()


@pytest.mark.only_on("sqlite")
def test_w09_the_outcome_is_committed_and_the_file_system_reports_a_failure(
    shipping, run_of, carrier, clock
):
    told = []

    def fail_once(_connection):
        if not told:
            told.append(1)
            raise OperationalError("disk I/O error")

    with watching("settle.committed", fail_once):
        drain_until_quiet(clock)
    assert told
    is_done(run_of("hand_over"), attempts=1, calls=1, book=carrier)
    assert not Event.objects.filter(kind="late_answer").exists()


def test_w09_killed_between_the_commit_of_the_outcome_and_the_worker(
    shipping, run_of, carrier, clock
):
    assert killed(drain, at="settle.committed")
    drain_until_quiet(clock)
    is_done(run_of("hand_over"), attempts=1, calls=1, book=carrier)


def test_w11_paused_past_the_lease_before_the_send(shipping, run_of, carrier, clock):
    pause = Pause("handler.begun")

    def stand_still():
        with pause.here():
            drain()

    def overtake():
        pause.wait_until_reached()
        clock.move(minutes=2)
        sweep("default")
        drain()
        pause.let_go()

    outcomes = at_once(stand_still, overtake)
    assert outcomes == [None, None]
    drain_until_quiet(clock)
    run = run_of("hand_over")
    is_done(run, attempts=2, calls=2, book=carrier)
    assert Event.objects.get(run=run, kind="late_answer").data["attempt"] == 1


def test_w19_work_of_another_release_waits_unspent_and_is_done_by_who_knows_it(
    shipping, run_of, carrier, clock
):
    EffectRun.objects.filter(effect="hand_over").update(effect="of_tomorrow")
    assert [str(one) for one in drain()] == ["of_tomorrow 1: handed_back", "tell_sender 1: done"]
    unknown = run_of("of_tomorrow")
    assert (unknown.state, unknown.attempts, unknown.may_have_happened) == ("queued", 0, False)
    EffectRun.objects.filter(effect="of_tomorrow").update(effect="hand_over")  # the new worker
    drain_until_quiet(clock)
    is_done(run_of("hand_over"), attempts=1, calls=1, book=carrier)


def test_w21_the_clock_of_the_database_steps_forward_under_an_attempt(
    shipping, run_of, answers, carrier, clock
):
    answers["hand_over"] = [late(carrier.taking(TAKEN)), carrier.taking(TAKEN)]
    drain_until_quiet(clock)
    run = run_of("hand_over")
    is_done(run, attempts=2, calls=2, book=carrier)
    assert Event.objects.get(run=run, kind="late_answer").data["attempt"] == 1


def test_w21_the_clock_of_the_database_steps_back_under_an_attempt(
    shipping, run_of, answers, carrier, clock
):
    def step_back(parcel, run):
        clock.set_back(hours=1)
        return carrier.taking(TAKEN)(parcel, run)

    answers["hand_over"] = [step_back]
    drain_until_quiet(clock)
    is_done(run_of("hand_over"), attempts=1, calls=1, book=carrier)
