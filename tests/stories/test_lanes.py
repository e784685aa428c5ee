"""Runs of one lane go one after the other, and none is left standing."""

import threading
import time

import pytest
from django.db import transaction

from tests.testapp.models import Parcel
from tests.testapp.workflow import CarrierBusy
from workflows_app.engine import execute
from workflows_app.engine.drain import drain
from workflows_app.engine.sweep import sweep
from workflows_app.models import EffectRun
from workflows_app.testing import drain_until_quiet

from .races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def test_runs_of_one_lane_never_overlap_and_never_overtake(packed, clerk, answers, clock):
    at_work, order, trouble = threading.Lock(), [], {2, 5, 6}

    def insure(parcel, run):
        assert at_work.acquire(blocking=False), "two runs of one lane at the same time"
        try:
            order.append(run.operation.version)
            if run.operation.version in trouble and run.attempt == 1:
                raise CarrierBusy
        finally:
            at_work.release()

    answers["insure"] = insure
    commands = [lambda: execute(Parcel.objects.get().cover, by=clerk)] * 4
    for _ in range(3):
        at_once(*commands, work, work, lambda: pass_time(clock))
    drain_until_quiet(clock)
    assert set(EffectRun.objects.values_list("state", flat=True)) == {"done"}
    assert order == sorted(order)
    assert len(order) == 12 + len(trouble)
    assert not EffectRun.objects.filter(failure__code="unexpected_error").exists()


def work():
    for _ in range(3):
        drain()


def pass_time(clock):
    """Retries become due while others work; no lease ends."""
    for _ in range(10):
        clock.move(seconds=1)
        time.sleep(0.02)


def test_the_lanes_of_two_objects_do_not_wait_for_each_other(packed, clerk, sender):
    other = Parcel.objects.create(sender=sender, title="b", address="x")
    execute(packed.cover, by=clerk)
    execute(other.cover, by=clerk)
    assert set(EffectRun.objects.values_list("state", flat=True)) == {"queued"}


def test_a_replay_safe_run_waits_for_no_lane(packed, clerk):
    execute(packed.cover, by=clerk)
    execute(packed.ship, by=clerk)
    states = dict(EffectRun.objects.values_list("effect", "state"))
    assert states == {"insure": "queued", "hand_over": "held", "tell_sender": "queued"}


def test_a_run_that_waits_for_its_retry_keeps_its_place(packed, clerk, answers):
    def busy(parcel, run):
        raise CarrierBusy

    answers["insure"] = busy
    execute(packed.cover, by=clerk)
    drain()
    execute(packed.cover, by=clerk)
    drain()
    states = list(EffectRun.objects.order_by("version").values_list("state", "attempts"))
    assert states == [("queued", 1), ("held", 0)]
    assert len(answers.calls) == 1


def test_a_lane_that_is_whole_is_not_repaired(packed, clerk, caplog):
    execute(packed.cover, by=clerk)
    execute(packed.cover, by=clerk)
    sweep("default")
    states = EffectRun.objects.order_by("version").values_list("state", flat=True)
    assert list(states) == ["queued", "held"]
    assert caplog.records == []


def test_a_command_that_is_rolled_back_leaves_the_lane_free(packed, clerk):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        execute(packed.cover, by=clerk)
        1 / 0  # noqa: B018  any error will do
    execute(Parcel.objects.get().cover, by=clerk)
    assert EffectRun.objects.get().state == "queued"
