"""Members settled at the same moment, and workers killed in the middle: one follow-up."""

import pytest
from django.db import connection

from tests.engine.conftest import person
from tests.testapp.models import Holiday
from workflows_app.engine import execute
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import drain
from workflows_app.engine.perform import perform
from workflows_app.engine.sweep import effect_of
from workflows_app.models import EffectRun, Operation
from workflows_app.testing import (
    Pause,
    broken_promises,
    drain_until_quiet,
    killed_everywhere,
    statement,
)

from .locks import wait_until_somebody_waits_for_a_lock
from .races import at_once

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def agent(people):
    return person("agent", "view_holiday")


def new(agent, name):
    holiday = Holiday.objects.create(title=name)
    execute(getattr(holiday, name), by=agent)
    return holiday


def before_the_lock():
    """Right before the settling takes the object's lock."""
    begins = "BEGIN" if connection.vendor == "sqlite" else "FOR UPDATE"
    return Pause(statement(begins, before=True))


@pytest.mark.parametrize("first", ["ask_weather", "ask_price"])
def test_two_members_settled_at_the_same_moment_have_one_follow_up(agent, first):
    holiday = new(agent, "compare")
    one, other = sorted(claim("default", 2), key=lambda run: run.effect != first)
    settled, waiting = Pause("settle.written"), before_the_lock()

    def settle_first():
        with settled.here():
            settle(one)

    def settle_second():
        settled.wait_until_reached()
        with waiting.here():
            settle(other)

    def conduct():
        waiting.wait_until_reached()
        waiting.let_go()
        wait_until_somebody_waits_for_a_lock()
        settled.let_go()

    outcomes = at_once(settle_first, settle_second, conduct)
    assert outcomes == [None, None, None]
    assert Operation.objects.filter(transition="confirm").count() == 1
    assert Holiday.objects.get(pk=holiday.pk).status == "booked"
    assert set(EffectRun.objects.values_list("state", flat=True)) == {"done"}


def settle(run):
    run.operation  # noqa: B018  loaded by this thread's connection
    perform("default", run, effect_of(run), Holiday.objects.get())


def test_many_drains_at_once_settle_every_group_once(agent):
    holidays = [new(agent, name) for name in ("book", "compare", "plan", "hurry") * 3]
    at_once(drain, drain, drain)
    drain()
    assert set(Holiday.objects.values_list("status", flat=True)) == {"booked"}
    assert Operation.objects.filter(transition="confirm").count() == len(holidays)
    assert not [told for one in holidays for told in broken_promises(one)]


@pytest.mark.parametrize("name", ["book", "compare"])
def test_a_worker_killed_anywhere_leaves_no_group_behind(agent, clock, settings, name):
    """The last member and its group are settled in one transaction, so no sweep is needed."""
    settings.WORKFLOWS = {"THREADS": 1}
    holidays = []
    for holiday, _ in killed_everywhere(lambda: new(agent, name), lambda _: drain()):
        for group in EffectRun.objects.filter(safety="group", state="held"):
            assert [one for one in group.members.all() if not one.settled], "nobody settles it"
        clock.move(minutes=2)
        drain_until_quiet(clock)
        holidays.append(holiday)
        confirmed = Operation.objects.filter(transition="confirm", object_id=str(holiday.pk))
        assert confirmed.count() == 1
        assert not broken_promises(holiday)
    assert len(holidays) > 10
