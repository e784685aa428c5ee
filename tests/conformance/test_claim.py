"""The claim is the same on every database: due runs, oldest first, each to one worker."""

from datetime import timedelta

import pytest

from tests.stories.races import at_once
from tests.testapp.models import Parcel
from workflows_app.engine import execute
from workflows_app.engine.claim import claim
from workflows_app.models import EffectRun
from workflows_app.models.clock import DatabaseNow, database_now

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ten(clerk, sender):
    """Ten queued runs, the last one due first."""
    for number in range(10):
        one = Parcel.objects.create(sender=sender, title=f"n{number}", address="x")
        execute(one.cover, by=clerk)
    for number, run in enumerate(EffectRun.objects.order_by("-id")):
        run.due = database_now("default") - timedelta(minutes=10 - number)
        run.save()
    return list(EffectRun.objects.order_by("due"))


def test_the_oldest_due_runs_are_claimed_in_order(ten):
    assert [run.pk for run in claim("default", 4)] == [run.pk for run in ten[:4]]


def test_a_claim_counts_fences_leases_and_dates(ten, settings):
    settings.WORKFLOWS = {"LEASE": timedelta(seconds=90)}
    before = database_now("default")
    (run,) = claim("default", 1)
    after = database_now("default")
    assert (run.state, run.attempts, run.fence) == ("running", 1, 1)
    slack = timedelta(milliseconds=2)  # SQLite's clock has milliseconds
    assert before - slack <= run.first_attempt_at <= after + slack
    assert before + timedelta(seconds=90) - slack <= run.lease_until
    assert run.lease_until <= after + timedelta(seconds=90) + slack
    stored = EffectRun.objects.get(pk=run.pk)
    assert stored.lease_until == run.lease_until
    assert stored.first_attempt_at == run.first_attempt_at


def test_what_is_not_due_by_the_databases_clock_is_not_claimed(ten):
    EffectRun.objects.update(due=DatabaseNow() + timedelta(seconds=30))
    assert claim("default", 10) == []


@pytest.mark.parametrize("state", ["held", "running", "in_doubt", "done", "failed", "skipped"])
def test_only_what_is_queued_is_claimed(ten, state):
    EffectRun.objects.update(state=state)
    assert claim("default", 10) == []


def test_a_second_claim_keeps_the_time_of_the_first_attempt(ten):
    (first,) = claim("default", 1)
    EffectRun.objects.filter(pk=first.pk).update(state="queued")
    (again,) = claim("default", 1)
    assert (again.pk, again.attempts, again.fence) == (first.pk, 2, 2)
    assert again.first_attempt_at == first.first_attempt_at


def test_parallel_claims_share_the_runs_and_nobody_waits(ten):
    shares = at_once(*[lambda: claim("default", 3)] * 4)
    claimed = [run.pk for share in shares for run in share]
    claimed += [run.pk for run in claim("default", 10)]
    assert sorted(claimed) == sorted(run.pk for run in ten)
    assert set(EffectRun.objects.values_list("attempts", "fence")) == {(1, 1)}
