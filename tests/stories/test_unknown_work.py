"""Work a worker cannot do: of another release, of a deleted object, of somebody faster."""

import pytest
from django.utils import timezone

from tests.testapp.models import Parcel
from tests.testapp.workflow import AddressRefused, CarrierSilent
from workflows_app import NotAllowed
from workflows_app.engine import execute
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import drain
from workflows_app.engine.sweep import sweep
from workflows_app.models import EffectRun, Event, Operation
from workflows_app.ops import resolve, skip
from workflows_app.testing import drain_until_quiet

from .races import Crowd, at_once

pytestmark = pytest.mark.django_db(transaction=True)


def rename(name, **columns):
    """Make a run one of a release whose code this worker does not have."""
    EffectRun.objects.filter(effect=name).update(**columns)


@pytest.mark.parametrize(
    "columns",
    [{"effect": "of_tomorrow"}, {"object_type": "attic.trunk"}],
    ids=["unknown effect", "removed model"],
)
def test_w19_unknown_work_waits_unspent_and_stops_nobody_else(shipping, run_of, columns):
    rename("tell_sender", **columns)
    unknown = EffectRun.objects.get(**columns)
    drain()
    unknown.refresh_from_db()
    assert (unknown.state, unknown.attempts, unknown.leases_lost) == ("queued", 0, 0)
    assert unknown.due > timezone.now()
    assert run_of("hand_over").state == "done"
    assert not Event.objects.filter(run=unknown).exists()


def test_w19_unknown_work_that_a_worker_left_behind_stops_no_rescue(shipping, run_of, clock):
    rename("tell_sender", object_type="attic.trunk")
    claim("default", 10)
    clock.move(minutes=2)
    sweep("default")
    assert run_of("hand_over").state == "queued"


def test_a_person_can_skip_what_no_code_knows_any_more(shipping, run_of, operator):
    rename("hand_over", effect="of_yesterday")
    skip(run_of("of_yesterday"), by=operator, reason="removed in this release")
    run = run_of("of_yesterday")
    assert (run.state, run.holds_lane) == ("skipped", None)


def test_a_person_can_skip_lost_work_that_no_code_knows_any_more(shipping, run_of, operator, clock):
    rename("hand_over", effect="of_yesterday")
    claim("default", 10)
    with pytest.raises(NotAllowed):
        skip(run_of("of_yesterday"), by=operator, reason="its worker is still there")
    clock.move(minutes=2)
    fence = run_of("of_yesterday").fence
    skip(run_of("of_yesterday"), by=operator, reason="removed in this release")
    run = run_of("of_yesterday")
    assert (run.state, run.holds_lane, run.lease_until) == ("skipped", None, None)
    assert run.fence > fence


def test_the_effects_of_a_deleted_object_fail_and_say_why(shipping, run_of):
    Parcel.objects.all()._raw_delete("default")
    drain()
    for effect in ("hand_over", "tell_sender"):
        run = run_of(effect)
        assert (run.state, run.failure["code"]) == ("failed", "object_gone")
        assert run.holds_lane is None
    assert run_of("hand_over").follow_up == "unwanted"


def test_an_object_deleted_after_an_unanswered_attempt_leaves_a_doubt(
    shipping, run_of, answers, clock
):
    answers["hand_over"] = CarrierSilent
    drain()
    Parcel.objects.all()._raw_delete("default")
    clock.move(minutes=1)
    drain()
    run = run_of("hand_over")
    assert (run.state, run.failure["code"]) == ("in_doubt", "object_gone")


def test_a_skip_and_a_claim_at_once_are_one_after_the_other(packed, clerk, operator, clock):
    with Crowd(2) as crowd:
        for _ in range(30):
            execute(packed.cover, by=clerk)
            run = EffectRun.objects.get(state="queued")
            skipped, claimed = crowd.round(
                lambda run=run: skip(run, by=operator, reason="not needed"),
                lambda: claim("default", 1),
            )
            run.refresh_from_db()
            if isinstance(skipped, NotAllowed):
                assert (run.state, [one.pk for one in claimed]) == ("running", [run.pk])
                clock.move(minutes=2)
                skip(run, by=operator, reason="not needed")
            else:
                assert (run.state, claimed) == ("skipped", [])


def test_parallel_drains_perform_each_run_once(packed, clerk, people, answers):
    parcels = [packed]
    for number in range(15):
        one = Parcel.objects.create(sender=people["sender"], title=f"n{number}", address="x")
        execute(one.pack, by=people["sender"], data={"grams": 1})
        parcels.append(one)
    for one in parcels:
        execute(one.ship, by=clerk)
    performed = at_once(drain, drain, drain)
    performed.append(drain())
    assert sum(performed) == 3 * len(parcels)
    assert set(EffectRun.objects.values_list("state", "attempts")) == {("done", 1)}
    assert Operation.objects.filter(transition="arrive").count() == len(parcels)
    assert not Event.objects.exclude(kind="attempt").exists()


def test_two_operators_at_once_decide_once(shipping, run_of, answers, operator, clock):
    answers["hand_over"] = CarrierSilent
    drain_until_quiet(clock)
    run = run_of("hand_over")
    assert run.state == "in_doubt"
    outcomes = at_once(
        lambda: resolve(run, happened=True, by=operator, reason="a", result={"tracking": "T"}),
        lambda: resolve(run, happened=False, by=operator, reason="b"),
    )
    assert sorted(type(one).__name__ for one in outcomes) == ["NotAllowed", "Operation"]
    assert Operation.objects.filter(kind="operator").count() == 1


def test_what_is_settled_cannot_be_skipped(shipping, run_of, answers, operator, clock):
    answers["hand_over"] = AddressRefused
    drain_until_quiet(clock)
    assert (run_of("hand_over").state, run_of("hand_over").follow_up) == ("failed", "done")
    for effect in ("hand_over", "tell_sender"):
        with pytest.raises(NotAllowed):
            skip(run_of(effect), by=operator, reason="why not")
    assert Operation.objects.filter(kind="operator").count() == 0


def test_what_happened_stays_done_when_its_dead_follow_up_is_skipped(
    shipping, run_of, answers, operator, clock
):
    answers["hand_over"] = lambda parcel, run: {"unexpected": "shape"}
    drain_until_quiet(clock)
    assert (run_of("hand_over").state, run_of("hand_over").follow_up) == ("done", "dead")
    skip(run_of("hand_over"), by=operator, reason="entered by hand")
    run = run_of("hand_over")
    assert (run.state, run.follow_up, run.result) == ("done", "unwanted", {"unexpected": "shape"})
    with pytest.raises(NotAllowed):
        skip(run, by=operator, reason="again")
