"""An effect is performed after its commit, and its outcome is stored whatever happens next."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.testapp.models import Parcel
from tests.testapp.workflow import AddressRefused, CarrierBusy, CarrierSilent
from workflows_app import NotAllowed
from workflows_app.engine import execute
from workflows_app.engine.drain import drain
from workflows_app.engine.sweep import sweep
from workflows_app.models import EffectRun, Event, Operation
from workflows_app.ops import resolve, skip

pytestmark = pytest.mark.django_db(transaction=True)


def drain_through(clock, times):
    """Drain so many times, each when everything that was put off is due."""
    for _ in range(times):
        clock.move(minutes=1)
        drain()


def test_a_done_effect_stores_its_result_and_its_follow_up_runs_as_the_system(shipping, run_of):
    assert drain() == 3  # the follow-up asks for one more
    run = run_of("hand_over")
    assert (run.state, run.attempts, run.follow_up) == ("done", 1, "done")
    shipping.refresh_from_db()
    assert (shipping.status, shipping.version) == ("arrived", 3)
    assert shipping.tracking == run.result["tracking"]
    arrival = Operation.objects.get(transition="arrive")
    assert (arrival.actor, arrival.kind, arrival.cause) == ("system", "system", f"run:{run.pk}")


def test_a_follow_up_may_ask_for_effects_of_its_own(shipping):
    drain()
    drain()
    assert EffectRun.objects.filter(effect="tell_sender", state="done").count() == 2


def test_not_sent_is_tried_again_later_with_the_same_key(shipping, answers, run_of):
    answers["hand_over"] = CarrierBusy
    keys = []
    answers["tell_sender"] = lambda parcel, run: keys.append(run.key)
    drain()
    run = run_of("hand_over")
    assert (run.state, run.attempts) == ("queued", 1)
    assert run.failure["code"] == "carrier_busy"
    wait = run.due - timezone.now()
    assert timedelta(seconds=1) < wait < timedelta(seconds=2.5)
    event = Event.objects.get(run=run, kind="attempt")
    assert event.data["outcome"] == "retry"
    assert event.data["next_attempt_at"]


def test_what_the_remote_asks_for_wins_when_it_is_longer(shipping, answers, run_of):
    answers["hand_over"] = CarrierBusy(retry_after=timedelta(minutes=3))
    drain()
    assert run_of("hand_over").due - timezone.now() > timedelta(minutes=2, seconds=50)


def test_rejected_ends_at_once_and_otherwise_knows_why(shipping, answers, run_of):
    answers["hand_over"] = AddressRefused(street="Main")
    drain()
    run = run_of("hand_over")
    assert (run.state, run.attempts) == ("failed", 1)
    assert run.failure == {
        "code": "address_refused",
        "detail": "The carrier does not know the address.",
        "kind": "rejected",
        "facts": {"street": "Main"},
    }
    shipping.refresh_from_db()
    assert (shipping.status, shipping.trouble) == ("halted", "address_refused")


def test_a_spent_budget_of_not_sent_has_failed(shipping, answers, run_of, clock):
    answers["hand_over"] = CarrierBusy
    drain_through(clock, 3)
    assert (run_of("hand_over").state, run_of("hand_over").attempts) == ("failed", 3)
    shipping.refresh_from_db()
    assert shipping.status == "halted"


def test_a_keyed_budget_that_ends_on_unknown_is_in_doubt(shipping, answers, run_of, clock):
    answers["hand_over"] = CarrierSilent
    drain_through(clock, 3)
    assert run_of("hand_over").state == "in_doubt"
    shipping.refresh_from_db()
    assert shipping.status == "shipping"


def test_a_later_not_sent_does_not_settle_an_earlier_unknown(shipping, answers, run_of, clock):
    answers["hand_over"] = CarrierSilent
    drain()
    answers["hand_over"] = CarrierBusy
    drain_through(clock, 2)
    assert run_of("hand_over").state == "in_doubt"


def test_an_undeclared_exception_is_tried_again_under_its_own_code(shipping, answers, run_of):
    answers["hand_over"] = lambda parcel, run: 1 / 0
    drain()
    run = run_of("hand_over")
    assert (run.state, run.failure["code"]) == ("queued", "unexpected_error")
    assert "ZeroDivisionError" in run.failure["detail"]


def test_a_person_says_it_happened_and_the_follow_up_runs(
    shipping, answers, run_of, operator, clock
):
    answers["hand_over"] = CarrierSilent
    drain_through(clock, 3)
    operation = resolve(
        run_of("hand_over"), happened=True, by=operator, reason="seen", result={"tracking": "T"}
    )
    assert (operation.kind, operation.transition, operation.version) == ("operator", "resolve", 3)
    shipping.refresh_from_db()
    assert (shipping.status, shipping.tracking, shipping.version) == ("arrived", "T", 4)
    assert run_of("hand_over").state == "done"


def test_a_person_says_it_did_not_and_otherwise_runs(shipping, answers, run_of, operator, clock):
    answers["hand_over"] = CarrierSilent
    drain_through(clock, 3)
    resolve(run_of("hand_over"), happened=False, by=operator, reason="asked them")
    shipping.refresh_from_db()
    assert (shipping.status, shipping.trouble) == ("halted", "did_not_happen")


def test_only_what_is_in_doubt_can_be_resolved(shipping, run_of, operator):
    with pytest.raises(NotAllowed):
        resolve(run_of("hand_over"), happened=True, by=operator, reason="no")
    assert Operation.objects.filter(kind="operator").count() == 0


def test_runs_of_one_lane_go_one_after_the_other(packed, clerk, run_of):
    execute(packed.cover, by=clerk)
    execute(packed.cover, by=clerk)
    states = list(EffectRun.objects.order_by("version").values_list("state", flat=True))
    assert states == ["queued", "held"]
    drain()
    assert set(EffectRun.objects.values_list("state", flat=True)) == {"done"}


def test_a_failure_that_nothing_follows_holds_the_lane_until_it_is_skipped(
    packed, clerk, answers, operator
):
    answers["insure"] = AddressRefused
    execute(packed.cover, by=clerk)
    execute(packed.cover, by=clerk)
    drain()
    first, second = EffectRun.objects.order_by("version")
    assert (first.state, second.state) == ("failed", "held")
    skip(first, by=operator, reason="insured by hand")
    second.refresh_from_db()
    assert (second.state, second.holds_lane) == ("queued", second.lane)


def test_a_follow_up_the_object_has_moved_past_is_unwanted(shipping, run_of, answers):
    def answer(parcel, run):
        move_to_halted(parcel)
        return {"tracking": "late"}

    answers["hand_over"] = answer
    drain()
    run = run_of("hand_over")
    assert (run.state, run.follow_up, run.holds_lane) == ("done", "unwanted", None)
    assert Event.objects.filter(run=run, kind="follow_up_unwanted").count() == 1


def move_to_halted(parcel):
    from workflows_app import SYSTEM
    from workflows_app.engine.request import Cause
    from workflows_app.failures import Recorded

    cause = Cause("test", Recorded("moved", "Moved.", "rejected"))
    execute(Parcel.objects.get(pk=parcel.pk).halt, by=SYSTEM, cause=cause)


def test_a_follow_up_that_cannot_run_is_tried_again_and_then_an_incident(
    shipping, run_of, answers, clock
):
    answers["hand_over"] = lambda parcel, run: {"unexpected": "shape"}  # no tracking: Invalid
    drain()
    run = run_of("hand_over")
    assert (run.state, run.follow_up, run.follow_up_attempts) == ("done", "pending", 1)
    for _ in range(4):
        clock.move(minutes=1)
        sweep("default")
    run.refresh_from_db()
    assert (run.state, run.follow_up, run.follow_up_attempts) == ("done", "dead", 5)
    shipping.refresh_from_db()
    assert shipping.status == "shipping"


def lose_lease(clock, run):
    """A worker claims the run and goes away; its lease ends."""
    from workflows_app.engine.claim import claim

    clock.move(minutes=1)
    claim("default", 10)
    clock.move(minutes=2)
    sweep("default")
    run.refresh_from_db()


def test_a_lost_lease_is_rescued_and_counts_as_an_attempt(shipping, run_of, clock):
    run = run_of("tell_sender")
    lose_lease(clock, run)
    assert (run.state, run.attempts, run.leases_lost) == ("queued", 1, 1)
    assert Event.objects.filter(run=run, kind="lease_lost").count() == 1
    drain()
    run.refresh_from_db()
    assert (run.state, run.attempts, run.leases_lost) == ("done", 2, 0)


@pytest.mark.parametrize(("effect", "end"), [("hand_over", "in_doubt"), ("tell_sender", "failed")])
def test_three_lost_leases_in_a_row_are_poison(shipping, run_of, effect, end, clock):
    run = run_of(effect)
    for _ in range(3):
        lose_lease(clock, run)
    assert (run.state, run.failure["code"]) == (end, "poison")


def test_a_worker_without_the_effect_hands_it_back_unspent(shipping, run_of):
    EffectRun.objects.filter(effect="tell_sender").update(effect="of_tomorrow")
    drain()
    run = run_of("of_tomorrow")
    assert (run.state, run.attempts, run.first_attempt_at) == ("queued", 0, None)
    assert run.due > timezone.now()
