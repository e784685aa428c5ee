"""A worker that was away too long changes nothing any more, and what it says is kept."""

import threading
from datetime import timedelta

import pytest
from django.utils import timezone

from tests.testapp.workflow import CarrierBusy, CarrierSilent
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import drain
from workflows_app.engine.hand_back import hand_back
from workflows_app.engine.perform import perform
from workflows_app.engine.sweep import effect_of, sweep, sweep_when_due
from workflows_app.models import EffectRun, Event
from workflows_app.ops import resolve, skip

from .races import at_once

pytestmark = pytest.mark.django_db(transaction=True)

LIMIT_SECONDS = 20


@pytest.fixture(autouse=True)
def only_we_sweep(transactional_db, settings):
    """The drains of these tests find that somebody has swept, as far as the clock is moved."""
    settings.WORKFLOWS = {"SWEEP_EVERY": timedelta(hours=1)}
    assert sweep_when_due("default")


class Paused:
    """A worker that stands still in the middle of its first attempt."""

    def __init__(self, answer):
        self._answer = answer
        self._inside, self._go = threading.Event(), threading.Event()

    def __call__(self, parcel, run):
        if run.attempt > 1:
            return {"tracking": "from the second attempt"}
        self._inside.set()
        assert self._go.wait(LIMIT_SECONDS)
        return self._answer(parcel, run)

    def while_paused(self, action):
        """Do something while the worker stands, then let it go on to its end."""

        def act():
            assert self._inside.wait(LIMIT_SECONDS)
            try:
                return action()
            finally:
                self._go.set()

        outcomes = at_once(drain, act)
        assert not [one for one in outcomes if isinstance(one, Exception)]


def rescue(clock):
    clock.move(minutes=2)
    sweep("default")


def rescue_and_repeat(clock):
    rescue(clock)
    clock.move(minutes=1)
    drain()


def busy(parcel, run):
    raise CarrierBusy


def silent(parcel, run):
    raise CarrierSilent


def late(parcel, run):
    return {"tracking": "late"}


@pytest.mark.parametrize("answer", [late, busy, silent])
def test_a_late_answer_changes_nothing_and_is_kept_as_an_event(
    shipping, run_of, answers, answer, clock
):
    answers["hand_over"] = paused = Paused(answer)
    paused.while_paused(lambda: rescue_and_repeat(clock))
    run = run_of("hand_over")
    assert (run.state, run.attempts, run.follow_up) == ("done", 2, "done")
    assert run.result == {"tracking": "from the second attempt"}
    event = Event.objects.get(run=run, kind="late_answer")
    assert event.data["attempt"] == 1
    assert event.data["outcome"] == ("done" if answer is late else "failed")
    shipping.refresh_from_db()
    assert (shipping.tracking, shipping.version) == ("from the second attempt", 3)
    assert len(set(answers.keys_of("hand_over"))) == 1


def test_a_late_answer_does_not_touch_a_run_that_waits_for_its_second_attempt(
    shipping, run_of, answers, clock
):
    answers["hand_over"] = paused = Paused(late)
    paused.while_paused(lambda: rescue(clock))
    run = run_of("hand_over")
    assert Event.objects.filter(run=run, kind="late_answer").count() == 1
    drain()
    assert run_of("hand_over").result == {"tracking": "from the second attempt"}


def test_a_late_answer_does_not_overrule_a_person(shipping, run_of, answers, operator, clock):
    def decide():
        EffectRun.objects.filter(effect="hand_over").update(leases_lost=2)
        rescue(clock)
        resolve(run_of("hand_over"), happened=False, by=operator, reason="the carrier says no")

    answers["hand_over"] = paused = Paused(late)
    paused.while_paused(decide)
    run = run_of("hand_over")
    assert (run.state, run.result) == ("failed", None)
    assert Event.objects.get(run=run, kind="late_answer").data["outcome"] == "done"
    shipping.refresh_from_db()
    assert shipping.status == "halted"


def test_a_late_answer_does_not_bring_back_what_was_skipped(
    shipping, run_of, answers, operator, clock
):
    def decide():
        clock.move(minutes=2)
        skip(run_of("hand_over"), by=operator, reason="lost")

    answers["hand_over"] = paused = Paused(late)
    paused.while_paused(decide)
    assert run_of("hand_over").state == "skipped"
    assert Event.objects.filter(kind="late_answer").count() == 1


def test_an_answer_after_the_lease_counts_as_long_as_nobody_else_has_decided(
    shipping, run_of, answers, clock
):
    answers["hand_over"] = paused = Paused(late)
    paused.while_paused(lambda: clock.move(minutes=2))
    run = run_of("hand_over")
    assert (run.state, run.attempts, run.result) == ("done", 1, {"tracking": "late"})
    assert not Event.objects.filter(kind="late_answer").exists()


@pytest.mark.lenient  # its handler plays the clock and the rescuer
def test_a_heartbeat_keeps_the_run_and_one_that_comes_too_late_says_so(
    shipping, run_of, answers, clock
):
    beats = []

    def long(parcel, run):
        clock.move(minutes=2)
        beats.append(run.heartbeat())
        sweep("default")
        assert run_of("hand_over").lease_until > timezone.now() + timedelta(seconds=30)
        rescue(clock)
        beats.append(run.heartbeat())
        return {"tracking": "T"}

    second = {"tracking": "from the second attempt"}
    answers["hand_over"] = lambda parcel, run: long(parcel, run) if run.attempt == 1 else second
    drain()
    assert beats == [True, False]
    run = run_of("hand_over")
    assert (run.state, run.attempts, run.result) == ("done", 2, second)
    assert Event.objects.filter(run=run, kind="lease_lost").count() == 1
    assert Event.objects.filter(run=run, kind="late_answer").count() == 1


def test_what_is_handed_back_late_does_not_spend_or_return_anothers_attempt(
    shipping, run_of, clock
):
    early = {run.effect: run for run in claim("default", 10)}
    rescue(clock)
    clock.move(minutes=1)
    claim("default", 10)
    hand_back("default", early["hand_over"])
    run = run_of("hand_over")
    assert (run.state, run.attempts, run.fence) == ("running", 2, 3)


def test_the_same_answer_stored_twice_counts_once(shipping, run_of):
    (run,) = [run for run in claim("default", 10) if run.effect == "hand_over"]
    perform("default", run, effect_of(run), shipping)
    perform("default", run, effect_of(run), shipping)
    shipping.refresh_from_db()
    assert (shipping.status, shipping.version) == ("arrived", 3)
    assert Event.objects.filter(run=run, kind="attempt").count() == 1
