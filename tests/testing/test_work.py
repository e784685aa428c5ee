"""drain() is a worker without its threads: the same steps, in one order, also inside a test."""

from datetime import timedelta

import pytest
from django.db import transaction

from tests.testapp.models import Parcel, Payment
from tests.testapp.workflow import AddressRefused, CarrierBusy, CarrierSilent
from workflows_app import SYSTEM
from workflows_app.engine import execute, receive
from workflows_app.models import EffectRun, Event, Message
from workflows_app.testing import WorkerDies, drain, drain_until_quiet, late, scripted

pytestmark = pytest.mark.django_db

TAKEN = {"tracking": "T-1"}


@pytest.fixture
def shipping(packed, clerk):
    execute(packed.ship, by=clerk)
    return packed


def told(attempts):
    return [str(attempt) for attempt in attempts]


def test_everything_due_is_done_and_told_in_order(shipping, clock):
    with scripted(hand_over=TAKEN, tell_sender={}):
        attempts = drain()
    assert told(attempts) == ["hand_over 1: done", "tell_sender 1: done", "tell_sender 1: done"]
    shipping.refresh_from_db()
    assert (shipping.status, shipping.tracking) == ("arrived", "T-1")
    assert drain() == []


def test_a_retry_is_done_when_its_time_has_come(shipping, clock):
    with scripted({}, hand_over=[CarrierBusy, TAKEN]):
        assert "hand_over 1: retry (carrier_busy)" in told(drain())
        assert drain() == []
        clock.move(minutes=1)
        assert told(drain())[0] == "hand_over 2: done"


@pytest.mark.parametrize(
    ("answer", "end"),
    [(AddressRefused, "failed (address_refused)"), (CarrierSilent, "in_doubt (carrier_silent)")],
)
def test_it_goes_on_until_nothing_more_happens_by_itself(shipping, clock, answer, end):
    with scripted({}, hand_over=answer):
        last = [one for one in drain_until_quiet(clock) if one.effect == "hand_over"][-1]
    assert str(last) == f"hand_over {3 if answer is CarrierSilent else 1}: {end}"
    assert last.run.state == last.outcome


def disputed(id="m1"):
    return receive("bank", id, "card.disputed", {"data": {"card": "4711", "reason": "no"}})


def test_a_message_that_could_not_be_used_has_its_next_look(transactional_db, clock):
    payment = Payment.objects.create(card="4711", frozen=True)
    execute(payment.charged, by=SYSTEM)
    assert disputed().state == "stuck"
    Payment.objects.update(frozen=False)  # round every command, so nobody looks at once
    drain_until_quiet(clock)
    assert Message.objects.get().state == "matched"
    payment.refresh_from_db()
    assert payment.status == "disputed"


def test_for_a_message_that_stays_unused_it_does_not_wait_till_that_expires(
    transactional_db, clock
):
    began = clock.now
    assert [disputed(id).state for id in ("m1", "m2")] == ["unmatched"] * 2
    drain_until_quiet(clock)
    assert clock.now - began < timedelta(minutes=1)
    assert set(Message.objects.values_list("looks", flat=True)) == {2}


def test_a_worker_that_dies_is_noticed_when_its_lease_has_ended(shipping, clock):
    with scripted({}, hand_over=[WorkerDies, TAKEN]):
        assert told(drain())[0] == "hand_over 1: died"
        assert EffectRun.objects.get(effect="hand_over").state == "running"
        clock.move(seconds=61)
        assert told(drain())[0] == "hand_over 2: done"
    assert Event.objects.filter(kind="lease_lost").count() == 1


def test_a_late_answer_does_not_count(shipping, clock):
    with scripted({}, hand_over=[late({"tracking": "late"}), TAKEN]):
        assert {"hand_over 1: late", "hand_over 2: done"} <= set(told(drain()))
    assert EffectRun.objects.get(effect="hand_over").result == TAKEN


def test_a_late_failure_does_not_count_either(shipping, clock):
    with scripted({}, hand_over=[late(AddressRefused), TAKEN]):
        assert {"hand_over 1: late (address_refused)", "hand_over 2: done"} <= set(told(drain()))


def test_lost_leases_have_their_turn(shipping, clock):
    with scripted({}, hand_over=[WorkerDies, WorkerDies, WorkerDies]):
        drain_until_quiet(clock)
    assert EffectRun.objects.get(effect="hand_over").state == "in_doubt"


def test_what_this_code_does_not_know_is_handed_back(shipping, clock):
    EffectRun.objects.filter(effect="tell_sender").update(effect="of_tomorrow")
    with scripted(hand_over=AddressRefused):
        assert told(drain())[-1] == "of_tomorrow 1: handed_back"


def test_inside_somebodys_transaction_it_says_what_to_do(shipping):
    with (
        transaction.atomic(),
        pytest.raises(RuntimeError, match="leave the atomic block first"),
    ):
        drain()


@pytest.mark.django_db(transaction=True)
def test_it_works_without_a_test_transaction_too(shipping, clock):
    with scripted({}, hand_over=[CarrierBusy, TAKEN]):
        drain_until_quiet(clock)
    assert Parcel.objects.get().status == "arrived"


def test_a_pause_is_no_longer_than_the_contract_says(shipping, clock):
    with scripted({}, hand_over=[CarrierBusy, TAKEN]):
        drain()
        clock.move(timedelta(seconds=2.4))
        assert told(drain())[0] == "hand_over 2: done"
