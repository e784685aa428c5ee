"""The threads of a drain put on record together what is marked and done at the same moment."""

import threading
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction

from tests.testapp.models import Parcel
from workflows_app.engine import execute
from workflows_app.engine.answers import Happened
from workflows_app.engine.claim import claim
from workflows_app.engine.record import SharedRecord
from workflows_app.engine.run_statements import mark_many
from workflows_app.engine.settle_many import Finished, settle_many
from workflows_app.engine.sweep import effect_of
from workflows_app.models import EffectRun, Event

LIMIT_SECONDS = 20

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def covered(people):
    """Three parcels that are insured twice: of each the second waits in its lane."""
    for number in range(3):
        parcel = Parcel.objects.create(sender=people["sender"], title=f"s{number}", address="a")
        execute(parcel.pack, by=people["sender"], data={"grams": 1})
        execute(parcel.cover, by=people["clerk"])
        execute(parcel.cover, by=people["clerk"])
    return EffectRun.objects.filter(effect="insure")


def insured():
    return [
        Finished(run, effect_of(run), Happened({"policy": str(run.pk)}), seconds=0.25)
        for run in claim("default", 10)
    ]


@contextmanager
def a_lock_on(model, pk):
    """Somebody else's transaction holds this row meanwhile."""
    held, done = threading.Event(), threading.Event()

    def hold():
        try:
            with transaction.atomic():
                model.objects.select_for_update().get(pk=pk)
                held.set()
                done.wait(LIMIT_SECONDS)
        finally:
            connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(LIMIT_SECONDS)
        yield
    finally:
        done.set()
        holder.join(LIMIT_SECONDS)


def test_the_next_of_each_lane_goes(covered):
    assert settle_many("default", insured()) == [True, True, True]
    done = covered.filter(state="done", holds_lane=None, due=None, lease_until=None)
    assert [run.result for run in done] == [{"policy": str(run.pk)} for run in done]
    assert covered.filter(state="queued", holds_lane__isnull=False).count() == 3
    assert Event.objects.filter(kind="attempt", data__outcome="done").count() == 3


def test_who_was_overtaken_is_told_and_the_others_are_done(covered):
    answers = insured()
    overtaken, _, _ = answers
    EffectRun.objects.filter(pk=overtaken.run.pk).update(fence=9)
    record = SharedRecord("default")
    assert [record.settle(one) for one in answers] == [False, True, True]
    assert Event.objects.get(kind="late_answer").run_id == overtaken.run.pk
    assert covered.get(pk=overtaken.run.pk).state == "running"


def test_one_that_cannot_be_stored_keeps_no_other_from_it(covered, monkeypatch):
    def break_down(using, finished):
        raise OSError

    monkeypatch.setattr("workflows_app.engine.settle_many._settle_many", break_down)
    assert all(SharedRecord("default").settle(one) for one in insured())
    assert covered.filter(state="done").count() == 3
    assert covered.filter(state="queued").count() == 3


@pytest.mark.only_on("postgresql", "mysql")
def test_one_whose_object_somebody_has_locked_keeps_no_other_waiting(covered):
    answers = insured()
    busy = answers[1].run
    with a_lock_on(Parcel, busy.object_id):
        assert settle_many("default", answers) == [True, False, True]
    assert SharedRecord("default").settle(answers[1])
    assert covered.filter(state="done").count() == 3


@pytest.mark.only_on("postgresql")
def test_a_run_that_somebody_has_locked_is_not_marked_with_the_others(covered):
    runs = claim("default", 10)
    with a_lock_on(EffectRun, runs[1].pk):
        assert mark_many("default", runs, timedelta(minutes=1)) == [True, False, True]
    assert mark_many("default", runs, timedelta(minutes=1)) == [True, True, True]
