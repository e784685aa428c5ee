"""What is in trouble, or in somebody else's hands, keeps the sweep from nothing else."""

import logging
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction

from tests.testapp.models import Parcel
from workflows_app.engine import execute
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import drain
from workflows_app.engine.sweep import AT_A_TIME, sweep, sweep_when_due
from workflows_app.models import EffectRun
from workflows_app.models.clock import DatabaseNow
from workflows_app.testing import Pause, cut, statement

from .races import Crowd, at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two_lost(packed, clerk, sender, clock):
    """Two parcels, each with a run whose worker went away; the first one's earlier."""
    other = Parcel.objects.create(sender=sender, title="b", address="x")
    execute(packed.cover, by=clerk)
    execute(other.cover, by=clerk)
    claim("default", 2)
    clock.move(minutes=2)
    EffectRun.objects.filter(object_id=str(packed.pk)).update(
        lease_until=DatabaseNow() - timedelta(hours=1)
    )
    return packed, other


def state_of(parcel):
    return EffectRun.objects.get(object_id=str(parcel.pk)).state


@pytest.mark.only_on("postgresql", "mysql")
def test_an_object_that_somebody_keeps_locked_keeps_nobody_else_from_rescue(two_lost):
    locked, other = two_lost
    holding = Pause(statement("FOR UPDATE"))

    def hold():
        with holding.here(), transaction.atomic():
            Parcel.objects.select_for_update().get(pk=locked.pk)

    def look():
        holding.wait_until_reached()
        sweep("default")
        seen = state_of(locked), state_of(other)
        holding.let_go()
        return seen

    assert at_once(hold, look)[1] == ("running", "queued")
    sweep("default")
    assert state_of(locked) == "queued"


@pytest.mark.only_on("postgresql", "mysql")
def test_a_server_that_goes_away_ends_the_sweep_and_is_what_is_told(two_lost, monkeypatch):
    first, other = two_lost
    told = statement("INSERT INTO", "workflows_app_event", before=True)
    with monkeypatch.context() as patch:
        patch.setitem(connection.settings_dict, "PORT", "1")  # nobody listens there any more
        with cut(at=told), pytest.raises(OperationalError):
            sweep("default")
    sweep("default")
    assert (state_of(first), state_of(other)) == ("queued", "queued")


def test_a_run_that_cannot_be_read_keeps_nobody_else_from_rescue(two_lost, caplog):
    broken, other = two_lost
    EffectRun.objects.filter(object_id=str(broken.pk)).update(failure={}, first_attempt_at=None)
    with caplog.at_level(logging.ERROR, "workflows_app"):
        sweep("default")
    assert state_of(other) == "queued"
    assert "in trouble with run" in caplog.text


def test_a_run_whose_object_id_is_no_key_is_a_run_without_object(two_lost):
    broken, other = two_lost
    EffectRun.objects.filter(object_id=str(broken.pk)).update(object_id="not a number")
    sweep("default")
    drain()
    assert state_of(other) == "done"
    run = EffectRun.objects.get(object_id="not a number")
    assert (run.state, run.failure["code"]) == ("in_doubt", "object_gone")


def test_however_much_unknown_work_is_lost_known_work_is_rescued(two_lost):
    _, other = two_lost
    like = EffectRun.objects.first()
    unknown = {"operation": like.operation, "object_type": "attic.trunk", "state": "running"}
    EffectRun.objects.bulk_create(
        EffectRun(
            version=1, position=n, effect="of_yesterday", safety="keyed", due=like.due,
            lease_until=like.lease_until - timedelta(days=1), follow_up="none", **unknown,
        )
        for n in range(AT_A_TIME + 1)
    )  # fmt: skip
    sweep("default")
    assert state_of(other) == "queued"


def test_of_many_workers_one_sweeps_at_a_time(db, settings, clock):
    settings.WORKFLOWS = {"SWEEP_EVERY": timedelta(hours=1)}
    with Crowd(4) as crowd:
        swept = crowd.round(*[lambda: sweep_when_due("default")] * 4)
        assert sorted(swept) == [False, False, False, True]
        clock.move(hours=1)
        swept = crowd.round(*[lambda: sweep_when_due("default")] * 4)
        assert sorted(swept) == [False, False, False, True]
