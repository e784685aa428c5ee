"""A script answers for the outside world; what it says nothing about ends the test."""

from datetime import timedelta

import pytest

from tests.testapp.workflow import CarrierBusy, hand_over
from workflows_app.engine import execute
from workflows_app.engine.drain import drain as drain_on_threads
from workflows_app.models import EffectRun
from workflows_app.testing import OffScript, drain, drain_until_quiet, late, scripted

pytestmark = pytest.mark.django_db

TAKEN = {"tracking": "T-1"}


@pytest.fixture
def shipping(packed, clerk):
    execute(packed.ship, by=clerk)
    return packed


def test_it_notes_every_call_with_its_key_and_data(shipping, clock):
    with scripted({}, hand_over=[CarrierBusy, TAKEN]) as script:
        drain_until_quiet(clock)
    first, second = script.calls_of("hand_over")
    run = EffectRun.objects.get(effect="hand_over")
    assert (first.attempt, second.attempt) == (1, 2)
    assert script.keys_of("hand_over") == [run.key, run.key]
    assert first.data == {"address": "Main Street 1"}
    assert first.obj == shipping
    assert [call.effect for call in script.calls].count("tell_sender") == 2


def test_an_answer_may_be_a_failure_with_its_facts(shipping, clock):
    busy = CarrierBusy(retry_after=timedelta(minutes=5), queue=7)
    with scripted({}, hand_over=busy):
        drain()
    run = EffectRun.objects.get(effect="hand_over")
    assert run.failure["facts"] == {"queue": 7}
    assert run.due == clock.now + timedelta(minutes=5)


def test_an_answer_may_be_a_function(shipping):
    with scripted({}, hand_over=lambda parcel, run: {"tracking": run.data["address"]}):
        drain()
    shipping.refresh_from_db()
    assert shipping.tracking == "Main Street 1"


def test_an_answer_may_be_changed_meanwhile(shipping, clock):
    with scripted({}, hand_over=CarrierBusy) as script:
        drain()
        script["hand_over"] = TAKEN
        clock.move(minutes=1)
        drain()
    assert EffectRun.objects.get(effect="hand_over").state == "done"


def test_an_effect_without_an_answer_ends_the_test(shipping):
    with pytest.raises(OffScript, match=r"scripted\(hand_over=\.\.\.\)"), scripted(tell_sender={}):
        drain()


def test_a_list_that_is_too_short_ends_the_test(shipping, clock):
    with pytest.raises(OffScript, match="attempt 2"), scripted({}, hand_over=[CarrierBusy]):
        drain_until_quiet(clock)


def test_answers_that_nobody_asked_for_end_the_test(shipping, clock):
    with (
        pytest.raises(AssertionError, match="not played to its end.*hand_over"),
        scripted({}, hand_over=[TAKEN, TAKEN]),
    ):
        drain()


def test_a_fault_of_the_test_is_not_hidden_by_answers_that_are_left(shipping):
    with pytest.raises(ZeroDivisionError), scripted(hand_over=[TAKEN]):
        raise ZeroDivisionError


def test_a_wrong_name_is_told_at_once():
    with (
        pytest.raises(ValueError, match="No contract has an effect or a probe 'hand_ower'"),
        scripted(hand_ower={}),
    ):
        pass


def test_a_late_answer_needs_a_clock(shipping):
    with pytest.raises(OffScript, match="frozen_clock"), scripted({}, hand_over=late(TAKEN)):
        drain()


def test_afterwards_the_handlers_are_their_own_again():
    real = hand_over.handler
    with scripted({}):
        assert hand_over.handler is not real
    assert hand_over.handler is real


@pytest.mark.django_db(transaction=True)
def test_the_threads_of_a_real_worker_follow_it_too(shipping):
    with scripted({}, hand_over=[TAKEN]) as script:
        drain_on_threads()
    assert len(script.calls) == 3


def test_the_fixture_lasts_until_the_test_ends(shipping, script):
    script({}, hand_over=[TAKEN])
    assert len(drain()) == 3
