"""What is done, and nothing follows from, is settled together, each under its own fence."""

import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.testapp.models import Parcel
from workflows_app.engine import execute
from workflows_app.engine.answers import Failed, Happened
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import drain
from workflows_app.engine.hand_back import NEVER_LEFT
from workflows_app.engine.record import SharedRecord
from workflows_app.engine.settle_many import Finished, may_wait, settle_many
from workflows_app.engine.sweep import effect_of
from workflows_app.engine.threads import Job
from workflows_app.models import EffectRun, Event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def shelved(people):
    """Ten parcels on the shelf, each with a sender to tell."""
    for number in range(10):
        parcel = Parcel.objects.create(sender=people["sender"], title=f"s{number}", address="a")
        execute(parcel.pack, by=people["sender"], data={"grams": 1})
        execute(parcel.sort, by=people["clerk"])
    return EffectRun.objects.filter(effect="tell_sender")


def finished(result=None):
    return [
        Finished(run, effect_of(run), Happened(result or {}), seconds=0.25)
        for run in claim("default", 10)
    ]


def test_many_are_done_with_an_event_each_in_a_few_statements(shelved):
    answers = finished()
    with CaptureQueriesContext(connection) as statements:
        settle_many("default", answers)
    assert set(shelved.values_list("state", "lease_until", "leases_lost")) == {("done", None, 0)}
    assert all(run.finished_at for run in shelved)
    events = Event.objects.filter(kind="attempt")
    assert events.count() == 10
    assert events.first().data == {
        "attempt": 1,
        "fence": 1,
        "outcome": "done",
        "failure": None,
        "seconds": 0.25,
        "next_attempt_at": None,
    }
    assert len(statements) < 10


def test_each_keeps_its_own_result(shelved):
    answers = [
        Finished(run, effect_of(run), Happened({"for": str(run.pk)}), seconds=0)
        for run in claim("default", 10)
    ]
    settle_many("default", answers)
    assert all(run.result == {"for": str(run.pk)} for run in shelved)


def test_one_that_somebody_else_decided_is_told_as_late_and_the_others_are_done(shelved):
    answers = finished()
    lost = answers[3].run
    EffectRun.objects.filter(pk=lost.pk).update(fence=lost.fence + 1)
    record = SharedRecord("default")
    assert all(record.settle(one) for one in answers)
    record.settle_kept()
    assert shelved.filter(state="done").count() == 9
    assert Event.objects.get(kind="late_answer").run_id == lost.pk


def test_what_something_follows_from_never_waits(shipping, run_of):
    handed_over, told = run_of("hand_over"), run_of("tell_sender")
    assert not may_wait(Finished(handed_over, effect_of(handed_over), Happened({}), seconds=0))
    assert may_wait(Finished(told, effect_of(told), Happened({}), seconds=0))
    assert not may_wait(Finished(told, effect_of(told), Failed(NEVER_LEFT), seconds=0))


def test_harmless_runs_are_claimed_beyond_the_free_threads_and_no_others(shipping, shelved):
    claimed = claim("default", 100, harmless=True)
    assert {run.effect for run in claimed} == {"tell_sender"}
    assert EffectRun.objects.get(effect="hand_over").state == "queued"


def test_a_drain_performs_and_settles_all_of_them(shelved, answers):
    answers["tell_sender"] = lambda parcel, run: {"told": parcel.title}
    assert drain() == 10
    assert {run.result["told"] for run in shelved} == {f"s{number}" for number in range(10)}


def test_a_claimed_run_that_waited_too_long_for_its_thread_is_not_begun():
    now = time.monotonic()
    assert not Job(None, None, None, now).waited_too_long
    assert Job(None, None, None, now - 6).waited_too_long
