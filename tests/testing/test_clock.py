"""Time stands still until a test moves it, by every way there is to ask what time it is."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection, connections
from django.db.models.functions import Now
from django.utils import timezone

from tests.stories.races import at_once
from tests.testapp.models import Parcel
from workflows_app.engine import execute
from workflows_app.engine.claim import claim
from workflows_app.models import EffectRun, Operation
from workflows_app.models.clock import DatabaseNow, database_now
from workflows_app.testing import at, frozen_clock

pytestmark = pytest.mark.django_db

THEN = datetime(2031, 3, 1, 12, 30, tzinfo=UTC)
HALF_A_SECOND_LATER = THEN + timedelta(milliseconds=500, microseconds=7)


def every_answer():
    """What time it is, by everything the engine and a project ask."""
    later = DatabaseNow() + timedelta(hours=1)
    row = ContentType.objects.annotate(now=DatabaseNow(), django=Now(), later=later).first()
    return {
        timezone.now(),
        Operation._meta.get_field("accepted_at").get_default(),
        Parcel._meta.get_field("status_since").get_default(),
        database_now("default"),
        row.now,
        row.django,
        row.later - timedelta(hours=1),
    }


@pytest.mark.parametrize("moment", [THEN, HALF_A_SECOND_LATER])
def test_everybody_says_the_same_time(moment):
    ContentType.objects.first()
    with frozen_clock(at=moment) as clock:
        assert every_answer() == {moment} == {clock.now}
        clock.move(hours=24)
        assert every_answer() == {moment + timedelta(hours=24)}
        clock.move(timedelta(seconds=1), minutes=1)
        assert every_answer() == {moment + timedelta(hours=24, seconds=61)}


def test_afterwards_it_is_the_real_time_again():
    with frozen_clock(at=THEN):
        pass
    assert all(abs(answer - datetime.now(UTC)) < timedelta(seconds=5) for answer in every_answer())
    assert connection.execute_wrappers == []


def test_what_happened_a_moment_ago_is_past():
    before = timezone.now()
    with frozen_clock() as clock:
        assert before <= clock.now < before + timedelta(seconds=2)


def test_a_moment_is_still_a_moment_to_django():
    with frozen_clock():
        assert timezone.localtime(THEN) == THEN
        assert timezone.template_localtime(THEN).tzinfo is not None
        assert timezone.localdate() is not None


def test_time_does_not_go_back():
    with frozen_clock(at=THEN) as clock:
        with pytest.raises(ValueError, match="time does not go back"):
            clock.move(seconds=-1)
        with pytest.raises(ValueError, match="time does not go back"):
            clock.move_to(THEN - timedelta(days=1))


def test_one_clock_at_a_time_and_it_knows_its_zone():
    with frozen_clock(), pytest.raises(RuntimeError, match="One clock at a time"), frozen_clock():
        pass
    with (
        pytest.raises(ValueError, match="in which time zone"),
        frozen_clock(at=datetime(2031, 1, 1)),
    ):
        pass
    with frozen_clock():
        pass


@pytest.mark.django_db(transaction=True)
def test_connections_opened_meanwhile_go_by_it_too():
    connections.close_all()

    def ask():
        return every_answer()

    with frozen_clock(at=THEN):
        (answers,) = at_once(ask)
        assert answers == every_answer() == {THEN}
    assert connection.execute_wrappers == []


@pytest.mark.parametrize("pause", [timedelta(seconds=90), timedelta(milliseconds=250)])
def test_a_run_is_due_at_its_very_moment_and_not_before(sender, clerk, pause):
    parcel = at(Parcel, "packed", sender=sender, title="books", address="Main Street 1")
    with frozen_clock(at=THEN) as clock:
        execute(parcel.ship, by=clerk)
        EffectRun.objects.update(due=clock.now + pause)
        clock.move(pause - timedelta(milliseconds=1))
        assert claim("default", 10) == []
        clock.move(milliseconds=1)
        runs = claim("default", 10)
        assert len(runs) == 2
        assert {run.lease_until - clock.now for run in runs} == {timedelta(seconds=60)}
        assert {run.first_attempt_at for run in runs} == {clock.now}
        clock.move(seconds=60)
        assert not EffectRun.objects.lost().exists()
        clock.move(milliseconds=1)
        assert EffectRun.objects.lost().count() == 2
