"""Whatever becomes of an effect, its lane goes on: by itself, or by a person who may act."""

import pytest
from django.db.models.signals import post_save

from tests.testapp.models import Parcel
from tests.testapp.workflow import AddressRefused, CarrierBusy, CarrierSilent
from workflows_app import SYSTEM, Forbidden, Invalid, NotAllowed, Stale
from workflows_app.engine import execute
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import drain
from workflows_app.engine.request import Cause
from workflows_app.engine.sweep import sweep
from workflows_app.failures import Recorded
from workflows_app.models import EffectRun, Event, Operation
from workflows_app.ops import resolve, skip
from workflows_app.testing import drain_until_quiet

pytestmark = pytest.mark.django_db(transaction=True)

DONE, REFUSED, BUSY, SILENT, LOST = "done", "refused", "busy", "silent", "lost"
FAILURES = {REFUSED: AddressRefused, BUSY: CarrierBusy, SILENT: CarrierSilent}

#: What three attempts end with, and where that leaves a keyed run.
ENDS = [
    ([DONE], "done"),
    ([REFUSED], "failed"),
    ([BUSY, DONE], "done"),
    ([SILENT, REFUSED], "failed"),
    ([BUSY, BUSY, BUSY], "failed"),
    ([SILENT, BUSY, BUSY], "in_doubt"),
    ([BUSY, BUSY, SILENT], "in_doubt"),
    ([LOST, DONE], "done"),
    ([LOST, BUSY, BUSY], "in_doubt"),
    ([BUSY, LOST, LOST], "in_doubt"),
    ([LOST, LOST, LOST], "in_doubt"),
]


def outcomes(sequence):
    """An answer for each attempt; a lost one is never asked."""

    def answer(parcel, run):
        said = sequence[run.attempt - 1]
        if said in FAILURES:
            raise FAILURES[said]
        return {"tracking": "T"}

    return answer


def live_through(clock, sequence):
    """Make the attempts of the keyed run, one after the other."""
    for said in sequence:
        clock.move(minutes=1)
        if said == LOST:
            claim("default", 10)
            clock.move(minutes=2)
            sweep("default")
        else:
            drain()


@pytest.fixture
def follow_up(request):
    """How the follow-up goes: it runs, the object has moved past it, or it breaks every time."""

    def broken(sender, instance, **kwargs):
        if instance.status in ("arrived", "halted"):
            raise ZeroDivisionError

    if request.param == "breaks":
        post_save.connect(broken, sender=Parcel)
    yield request.param
    post_save.disconnect(broken, sender=Parcel)


@pytest.mark.parametrize(
    ("effect", "follow_up"),
    [("hand_over", "runs"), ("hand_over", "is unwanted"), ("hand_over", "breaks"), ("insure", "")],
    indirect=["follow_up"],
)
def test_whatever_becomes_of_an_effect_its_lane_goes_on(
    new_parcel, clerk, operator, answers, effect, follow_up, clock
):
    for sequence, end in ENDS:
        parcel = new_parcel()
        answers[effect] = outcomes(sequence)
        execute({"hand_over": parcel.ship, "insure": parcel.cover}[effect], by=clerk)
        if follow_up == "is unwanted":
            move_on(parcel)
        parcel.refresh_from_db()
        execute(parcel.cover, by=clerk)
        head, successor = runs_in_lane_of(parcel)
        assert (head.state, successor.state) == ("queued", "held")
        live_through(clock, sequence)
        assert runs_in_lane_of(parcel)[0].state == end
        answers[effect] = outcomes([DONE] * 9)
        goes_on_after_at_most_two_decisions(clock, parcel, operator)


def goes_on_after_at_most_two_decisions(clock, parcel, operator):
    drain_until_quiet(clock)
    for _ in range(2):
        head, successor = runs_in_lane_of(parcel)
        if successor.state != "done":
            a_person_decides(head, operator)
            drain_until_quiet(clock)
    head, successor = runs_in_lane_of(parcel)
    assert (successor.state, head.holds_lane, successor.holds_lane) == ("done", None, None)
    assert head.settled and head.follow_up != "pending"


def runs_in_lane_of(parcel):
    mine = EffectRun.objects.of("testapp.parcel", str(parcel.pk))
    return list(mine.filter(lane__isnull=False))


@pytest.fixture
def new_parcel(sender):
    def make():
        parcel = Parcel.objects.create(sender=sender, title="books", address="Main Street 1")
        execute(parcel.pack, by=sender, data={"grams": 100})
        return parcel

    return make


def move_on(parcel):
    """The object goes where no follow-up of the run is legal."""
    cause = Cause("test", Recorded("moved", "Moved.", "rejected"))
    execute(Parcel.objects.get(pk=parcel.pk).halt, by=SYSTEM, cause=cause)


def a_person_decides(run, operator):
    if run.state == "in_doubt":
        resolve(run, happened=False, by=operator, reason="asked them")
    else:
        skip(run, by=operator, reason="seen to by hand")


@pytest.fixture
def in_doubt(shipping, answers, run_of, clock):
    """A keyed run of which nobody knows whether it happened, with another behind it."""
    answers["hand_over"] = CarrierSilent
    drain_until_quiet(clock)
    return run_of("hand_over")


def refused(refusal, decide, *arguments, **more):
    """The decision is refused, and nothing is written."""
    before = Operation.objects.count(), Event.objects.count()
    with pytest.raises(refusal):
        decide(*arguments, **more)
    assert (Operation.objects.count(), Event.objects.count()) == before


def test_a_decision_needs_permission_a_reason_and_the_present_version(in_doubt, operator, clerk):
    version = Parcel.objects.get().version
    for decide, more in ((resolve, {"happened": True}), (skip, {})):
        refused(Forbidden, decide, in_doubt, by=clerk, reason="seen", **more)
        refused(Invalid, decide, in_doubt, by=operator, reason=" ", **more)
        refused(Stale, decide, in_doubt, by=operator, reason="seen", version=version - 1, **more)
    found = {"tracking": "T"}
    operation = resolve(
        in_doubt, happened=True, by=operator, reason="seen", version=version, result=found
    )
    assert (operation.kind, operation.version) == ("operator", version + 1)
    assert operation.reason == "seen"
    assert (operation.source, operation.target) == ("shipping", "shipping")
    assert Parcel.history.get(operation_id=operation.id).history_user == operator
    event = Event.objects.get(kind="resolved")
    assert (event.run_id, event.actor) == (in_doubt.pk, f"user:{operator.pk}")


@pytest.mark.parametrize("happened", [True, False])
def test_a_decision_frees_the_lane_and_the_next_goes(in_doubt, clerk, operator, run_of, happened):
    execute(Parcel.objects.get().cover, by=clerk)
    assert run_of("insure").state == "held"
    resolve(in_doubt, happened=happened, by=operator, reason="seen", result={"tracking": "T"})
    assert run_of("insure").state == "queued"
    assert Parcel.objects.get().status == ("arrived" if happened else "halted")


def test_a_skip_frees_the_lane_and_nothing_follows(in_doubt, clerk, operator, run_of):
    execute(Parcel.objects.get().cover, by=clerk)
    skip(in_doubt, by=operator, reason="never mind")
    assert run_of("hand_over").state == "skipped"
    assert run_of("insure").state == "queued"
    assert Parcel.objects.get().status == "shipping"


@pytest.mark.parametrize("state", ["queued", "held", "running", "done", "failed", "skipped"])
def test_only_a_doubt_can_be_resolved(in_doubt, operator, state):
    EffectRun.objects.filter(pk=in_doubt.pk).update(state=state)
    refused(NotAllowed, resolve, in_doubt, happened=True, by=operator, reason="seen")


@pytest.mark.parametrize("state", ["done", "skipped", "cancelled"])
def test_what_is_over_cannot_be_skipped(in_doubt, operator, state):
    EffectRun.objects.filter(pk=in_doubt.pk).update(state=state)
    refused(NotAllowed, skip, in_doubt, by=operator, reason="seen")


def test_a_held_run_can_be_skipped_and_its_head_keeps_the_lane(packed, clerk, operator, clock):
    for _ in range(3):
        execute(packed.cover, by=clerk)
    head, second, third = EffectRun.objects.order_by("version")
    skip(second, by=operator, reason="twice by mistake")
    states = EffectRun.objects.order_by("version").values_list("state", flat=True)
    assert list(states) == ["queued", "skipped", "held"]
    drain_until_quiet(clock)
    third.refresh_from_db()
    assert third.state == "done"


@pytest.mark.parametrize(("effect", "end"), [("hand_over", "in_doubt"), ("tell_sender", "failed")])
def test_three_lost_leases_in_a_row_are_poison(shipping, run_of, effect, end, clock):
    live_through(clock, [LOST, LOST])
    assert (run_of(effect).state, run_of(effect).leases_lost) == ("queued", 2)
    live_through(clock, [LOST])
    run = run_of(effect)
    assert (run.state, run.failure["code"], run.attempts) == (end, "poison", 3)
    assert Event.objects.filter(run=run, kind="lease_lost").count() == 3


def test_an_answer_between_two_lost_leases_begins_the_count_anew(shipping, run_of, answers, clock):
    answers["hand_over"] = outcomes([LOST, BUSY])
    live_through(clock, [LOST, BUSY])
    assert run_of("hand_over").leases_lost == 0
    live_through(clock, [LOST])
    run = run_of("hand_over")
    assert (run.state, run.failure["code"], run.leases_lost) == ("in_doubt", "worker_lost", 1)
