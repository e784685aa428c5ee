"""W10: an acceptance and a settling on one lane at once; the sweep repairs a broken lane."""

import logging

import pytest
from django.db import connection
from django.utils import timezone

from tests.stories.locks import wait_until_somebody_waits_for_a_lock
from tests.stories.races import at_once
from tests.testapp.models import Parcel
from workflows_app.describe.timeline import timeline
from workflows_app.engine import execute
from workflows_app.engine.claim import claim
from workflows_app.engine.perform import perform
from workflows_app.engine.record import Record, SharedRecord
from workflows_app.engine.sweep import effect_of, sweep
from workflows_app.models import EffectRun, Event
from workflows_app.testing import Pause, drain, drain_until_quiet, statement

pytestmark = pytest.mark.django_db(transaction=True)

#: The statement with which the settling looks for the next of its lane: by itself, and together
#: with what other threads have done.
LOOKS_FOR_SUCCESSOR = {
    Record: statement("WHERE lane =", "state = 'held'", "ORDER BY"),
    SharedRecord: statement("SELECT", "lane", " IN (", "state"),
}
INSERTS_RUN = statement("INSERT INTO", "workflows_app_effectrun")


@pytest.fixture
def first(packed, clerk):
    """A parcel with one run in its lane, claimed."""
    execute(packed.cover, by=clerk)
    (run,) = claim("default", 1)
    return run


@pytest.fixture(params=[Record, SharedRecord], ids=["alone", "together"])
def kind(request):
    """How the outcome is put on record."""
    return request.param


def settle_it(run, kind):
    perform("default", run, effect_of(run), Parcel.objects.get(), kind("default"))


def beginning():
    """Right before a command takes the object's lock."""
    if connection.vendor == "sqlite":
        return Pause(statement("BEGIN", before=True))
    return Pause(statement("FOR UPDATE", before=True))


def test_w10_a_command_that_comes_while_its_predecessor_settles_is_not_stranded(first, clerk, kind):
    settling, accepting = Pause(LOOKS_FOR_SUCCESSOR[kind]), beginning()

    def settle():
        with settling.here():
            settle_it(first, kind)

    def accept():
        settling.wait_until_reached()
        with accepting.here():
            return execute(Parcel.objects.get().cover, by=clerk)

    def conduct():
        accepting.wait_until_reached()
        accepting.let_go()
        wait_until_somebody_waits_for_a_lock()
        settling.let_go()

    outcomes = at_once(settle, accept, conduct)
    assert not [one for one in outcomes if isinstance(one, Exception)]
    assert_the_second_may_go()


def test_w10_a_command_being_accepted_while_its_predecessor_settles_is_promoted(first, clerk, kind):
    accepting, settling = Pause(INSERTS_RUN), beginning()

    def accept():
        with accepting.here():
            return execute(Parcel.objects.get().cover, by=clerk)

    def settle():
        accepting.wait_until_reached()
        with settling.here():
            settle_it(first, kind)

    def conduct():
        settling.wait_until_reached()
        settling.let_go()
        wait_until_somebody_waits_for_a_lock()
        accepting.let_go()

    outcomes = at_once(accept, settle, conduct)
    assert not [one for one in outcomes if isinstance(one, Exception)]
    assert_the_second_may_go()


def assert_the_second_may_go():
    states = EffectRun.objects.order_by("version").values_list("state", "holds_lane")
    lane = EffectRun.objects.first().lane
    assert list(states) == [("done", None), ("queued", lane)]
    assert [str(one) for one in drain()] == ["insure 1: done"]


@pytest.mark.breaks_a_lane
def test_w10_a_lane_broken_by_hand_is_repaired_by_the_sweep_and_counted(
    packed, clerk, clock, caplog, aftermath
):
    execute(packed.cover, by=clerk)
    execute(packed.cover, by=clerk)
    head, second = EffectRun.objects.order_by("version")
    skip_by_hand(head)
    with caplog.at_level(logging.ERROR, "workflows_app"):
        sweep("default")
    second.refresh_from_db()
    assert (second.state, second.holds_lane) == ("queued", second.lane)
    assert [r.getMessage() for r in caplog.records] == [
        f"lane {second.lane} stood still and was repaired"
    ]
    aftermath.repairs = Event.objects.filter(run=second, kind="lane_repaired").count()
    assert aftermath.repairs == 1
    drain_until_quiet(clock)
    assert sentences(packed)[-2:] == [
        '"insure" stood still for no reason, and was put back in its turn.',
        "Attempt 1 of 3 to insure succeeded.",
    ]


def skip_by_hand(run):
    """What no step of ours does: the head is settled, and nobody comes after it."""
    EffectRun.objects.filter(pk=run.pk).update(
        state="skipped", holds_lane=None, finished_at=timezone.now()
    )


def sentences(parcel):
    return [entry["text"] for entry in timeline(parcel).entries]


def test_w10_a_lane_that_is_whole_is_not_repaired(packed, clerk, clock):
    execute(packed.cover, by=clerk)
    execute(packed.cover, by=clerk)
    sweep("default")
    states = EffectRun.objects.order_by("version").values_list("state", flat=True)
    assert list(states) == ["queued", "held"]
    assert not Event.objects.filter(kind="lane_repaired").exists()
    drain_until_quiet(clock)
