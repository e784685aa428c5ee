"""An effect is tried as often and as long as its contract says, never after its key has expired."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from tests.testapp.workflow import AddressRefused, CarrierBusy, CarrierSilent, hand_over
from workflows_app import Retry, Unknown
from workflows_app.engine.answers import Failed, TryLater, judge
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import drain
from workflows_app.engine.sweep import sweep
from workflows_app.failures import Recorded
from workflows_app.models import EffectRun, Event
from workflows_app.testing import drain_until_quiet

pytestmark = pytest.mark.django_db(transaction=True)

BUSY = Recorded("busy", "Busy.", "not_sent")
DAY = timedelta(hours=24)


def pauses(attempt, retry, retry_after=None, samples=1000):
    """The waits, in seconds, that a failed attempt leads to."""
    from dataclasses import replace

    now = timezone.now()
    run = EffectRun(attempts=attempt, first_attempt_at=now, safety="keyed")
    effect = replace(hand_over, retry=retry)
    verdicts = [judge(run, effect, Failed(BUSY, retry_after), now) for _ in range(samples)]
    assert {type(verdict) for verdict in verdicts} == {TryLater}
    return [(verdict.at - now).total_seconds() for verdict in verdicts]


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 2), (2, 6), (3, 18), (4, 54), (7, 1458), (8, 3600), (29, 3600)]
)
def test_the_wait_triples_to_the_cap_and_is_spread_by_a_fifth(attempt, seconds):
    waits = pauses(attempt, Retry())
    assert min(waits) >= 0.8 * seconds
    assert max(waits) <= 1.2 * seconds
    assert min(waits) < 0.85 * seconds
    assert max(waits) > 1.15 * seconds
    assert abs(sum(waits) / len(waits) / seconds - 1) < 0.03


def test_retry_after_wins_when_it_is_longer_and_only_then():
    assert set(pauses(1, Retry(), timedelta(seconds=90))) == {90.0}
    assert max(pauses(3, Retry(), timedelta(seconds=1))) > 14


def test_a_remote_that_asks_for_more_time_than_is_left_ends_the_run(shipping, run_of, answers):
    answers["hand_over"] = CarrierBusy(retry_after=timedelta(days=3))
    drain()
    assert (run_of("hand_over").state, run_of("hand_over").attempts) == ("failed", 1)


def test_after_so_many_times_it_is_over(shipping, run_of, answers, clock):
    answers["tell_sender"] = CarrierBusy
    drain_until_quiet(clock)
    run = EffectRun.objects.filter(effect="tell_sender").order_by("version").first()
    assert (run.state, run.attempts) == ("failed", 3)
    outcomes = [event.data["outcome"] for event in Event.objects.filter(run=run)]
    assert outcomes == ["retry", "retry", "failed"]


def test_after_so_long_it_is_over_however_few_times_it_was_tried(shipping, run_of, answers, clock):
    answers["tell_sender"] = CarrierBusy
    drain()
    clock.move(hours=23)
    drain()
    run = EffectRun.objects.filter(effect="tell_sender").order_by("version").first()
    assert (run.state, run.attempts) == ("failed", 2)


def test_rejected_ends_at_once(shipping, run_of, answers, clock):
    answers["hand_over"] = AddressRefused
    drain_until_quiet(clock)
    assert len(answers.keys_of("hand_over")) == 1
    assert run_of("hand_over").state == "failed"


def test_every_attempt_of_a_run_sends_the_same_key(shipping, answers, clock):
    answers["hand_over"] = [CarrierBusy(), CarrierSilent(), {"tracking": "T"}]
    drain_until_quiet(clock)
    assert len(answers.keys_of("hand_over")) == 3
    assert len(set(answers.keys_of("hand_over"))) == 1


@pytest.mark.parametrize(("failure", "end"), [(CarrierBusy, "failed"), (CarrierSilent, "in_doubt")])
def test_a_key_is_never_sent_after_its_window(shipping, run_of, answers, failure, end, clock):
    answers["hand_over"] = failure
    drain()
    clock.move(DAY)
    drain()
    run = run_of("hand_over")
    assert (run.state, run.failure["code"]) == (end, "key_expired")
    assert len(answers.keys_of("hand_over")) == 1


def test_a_lost_attempt_whose_window_is_over_is_in_doubt_without_another(
    shipping, run_of, answers, clock
):
    claim("default", 10)
    clock.move(DAY)
    sweep("default")
    assert (run_of("hand_over").state, answers.keys_of("hand_over")) == ("in_doubt", [])


def test_a_rescued_run_whose_window_ends_before_its_next_attempt_is_in_doubt(
    shipping, run_of, answers, clock
):
    claim("default", 10)
    clock.move(minutes=2)
    sweep("default")
    assert run_of("hand_over").state == "queued"
    clock.move(DAY)
    drain()
    assert (run_of("hand_over").state, answers.keys_of("hand_over")) == ("in_doubt", [])


def test_what_waited_long_for_its_first_attempt_has_its_whole_window(shipping, run_of):
    EffectRun.objects.update(due=timezone.now() - timedelta(days=30))
    drain()
    assert run_of("hand_over").state == "done"


def test_a_held_run_has_its_whole_window_when_its_turn_comes(
    packed, clerk, answers, operator, clock
):
    from workflows_app.engine import execute
    from workflows_app.ops import skip

    answers["insure"] = [AddressRefused(), {}]
    execute(packed.cover, by=clerk)
    execute(packed.cover, by=clerk)
    drain()
    clock.move(days=3)
    first, second = EffectRun.objects.order_by("version")
    skip(first, by=operator, reason="done by hand")
    drain()
    second.refresh_from_db()
    assert (second.state, second.attempts) == ("done", 1)


def test_an_undeclared_exception_is_retried_under_its_own_code(shipping, run_of, answers, clock):
    answers["hand_over"] = ZeroDivisionError
    drain_until_quiet(clock)
    run = run_of("hand_over")
    assert (run.state, run.attempts, run.failure["code"]) == ("failed", 3, "unexpected_error")


class Undeclared(Unknown):
    """Nobody knows."""


def test_an_undeclared_unknown_is_still_unknown(shipping, run_of, answers, clock):
    answers["hand_over"] = Undeclared
    drain_until_quiet(clock)
    assert (run_of("hand_over").state, run_of("hand_over").failure["kind"]) == (
        "in_doubt",
        "unknown",
    )


@pytest.mark.parametrize(
    "result",
    [{"price": float("nan")}, {"tracking": "T\0"}, {"tracking": object()}, ["T"], "T"],
    ids=["not a number", "null character", "not JSON", "list", "text"],
)
def test_a_handler_that_returned_what_cannot_be_stored_has_done_it_nonetheless(
    shipping, run_of, answers, result, clock
):
    answers["hand_over"] = lambda parcel, run: result
    drain_until_quiet(clock)
    run = run_of("hand_over")
    assert (run.state, run.leases_lost, run.failure["kind"]) == ("in_doubt", 0, "unknown")
    assert run.failure["code"] == "unexpected_result"


@pytest.mark.parametrize(
    "fact", [float("inf"), "null\0", object()], ids=["infinity", "null character", "not JSON"]
)
def test_a_failure_with_odd_facts_is_still_that_failure(shipping, run_of, answers, fact):
    answers["hand_over"] = AddressRefused(fact=fact, amount=Decimal("1.50"))
    drain()
    failure = run_of("hand_over").failure
    assert (failure["code"], failure["kind"]) == ("address_refused", "rejected")
    assert set(failure["facts"]) == {"fact", "amount"}


def test_a_handler_that_wants_to_end_the_process_only_fails(shipping, run_of, answers, settings):
    settings.WORKFLOWS = {"THREADS": 1}
    answers["hand_over"] = SystemExit
    assert drain() == 2
    assert run_of("tell_sender").state == "done"
    assert (run_of("hand_over").state, run_of("hand_over").failure["code"]) == (
        "queued",
        "unexpected_error",
    )
