"""Each invariant holds on rows that the engine wrote, and says what is wrong with broken ones."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from tests.testapp.models import Case, Parcel
from tests.testapp.workflow import AddressRefused, CarrierBusy, CarrierSilent
from workflows_app import SYSTEM
from workflows_app.engine import edit, execute
from workflows_app.engine.claim import claim
from workflows_app.models import EffectRun, Event, Operation, Timer
from workflows_app.models.guard import lifted
from workflows_app.models.identity import uuid7
from workflows_app.ops import place_all
from workflows_app.testing import (
    Heard,
    WorkerDies,
    at,
    broken_invariants,
    check_invariants,
    drain,
    drain_until_quiet,
    scripted,
)
from workflows_app.testing.invariants import INVARIANTS

pytestmark = pytest.mark.django_db

TAKEN = {"tracking": "T"}
TEN_MINUTES = timedelta(minutes=10)
#: How the carrier answers for one parcel after the other.
FATES = [
    [TAKEN],
    [CarrierBusy, CarrierBusy, TAKEN],
    [WorkerDies, TAKEN],
    [AddressRefused],
    [CarrierSilent] * 3,
]


@pytest.fixture
def told(sender, clerk, clock):
    """What the carrier has heard while parcels met every fate, one of them twice insured."""
    Parcel.objects.bulk_create([Parcel(sender=sender, title="as it came", address="a")])
    with scripted({}, hand_over=[answer for fate in FATES for answer in fate]) as script:
        for number in range(len(FATES)):
            title = f"parcel {number}"
            parcel = at(Parcel, "packed", sender=sender, title=title, address="Main Street 1")
            edit(parcel, by=clerk, data={"title": "books"})
            execute(parcel.ship, by=clerk)
            execute(parcel.cover, by=clerk)
            execute(parcel.cover, by=clerk)
            drain_until_quiet(clock)
    at(Parcel, "new", sender=sender, title="given up").delete()
    wait_for_the_clocks_of_a_case(clock)
    return [Heard(call.key, attempt=call.attempt) for call in script.calls]


def wait_for_the_clocks_of_a_case(clock):
    Case.objects.create(title="a case", ready=True)
    for hours in (0, 25):
        clock.move(hours=hours)
        drain()


def test_they_hold_whatever_befell_the_effects(told):
    states = set(EffectRun.objects.filter(effect="hand_over").values_list("state", flat=True))
    assert states == {"done", "failed", "in_doubt"}
    check_invariants(told, quiet=True, lag=timedelta(seconds=1))


def test_they_hold_while_work_is_under_way(sender, clerk, clock):
    parcel = at(Parcel, "packed", sender=sender, title="books", address="Main Street 1")
    execute(parcel.ship, by=clerk)
    check_invariants()
    claim("default", 1)
    check_invariants()
    with scripted({}, hand_over=CarrierBusy):
        drain()
    check_invariants()
    assert broken_invariants(quiet=True)["I1"]


def test_they_hold_for_runs_under_a_former_name_and_for_objects_that_were_placed(told, sender):
    change(run_of(), effect="give_away")
    columns = {"sender": sender, "address": "a", "status": "packed"}
    parcels = [Parcel(title=f"placed {n}", **columns) for n in range(3)]
    place_all(parcels, by=SYSTEM, reason="they were there before")
    check_invariants(told, quiet=True)


def run_of(effect="hand_over", **columns):
    return EffectRun.objects.filter(effect=effect, **columns).order_by("id").first()


def change(run, **columns):
    EffectRun.objects.filter(pk=run.pk).update(**columns)


def note(run, kind, **data):
    Event.objects.create(kind=kind, actor="system", data=data, **run.fact())


def lose_a_run():
    run = run_of("tell_sender")
    with lifted("default"):
        Event.objects.filter(run=run).delete()
        EffectRun.objects.filter(pk=run.pk).delete()


def forget_an_operation():
    with lifted("default"):
        Operation.objects.filter(transition="edit").update(version=99)


def forget_a_deletion():
    with lifted("default"):
        Operation.objects.filter(kind="delete").update(kind="edit")


def change_a_row():
    with lifted("default"):
        Parcel.objects.filter(status="arrived").update(status="halted")


def end_an_attempt_again():
    run = run_of(state="done")
    note(run, "lease_lost", attempt=run.attempts)


def repeat_at_once():
    run = run_of(state="done")
    more = {"outcome": "retry", "seconds": 0, "failure": None}
    change(run, first_attempt_at=timezone.now())
    with lifted("default"):
        Event.objects.filter(run=run).delete()
    note(run, "attempt", attempt=1, next_attempt_at=timezone.now().isoformat(), **more)


def begin_before_its_time():
    run = run_of(attempts=3, state="done")
    first, second, third = Event.objects.filter(run=run).order_by("at")
    with lifted("default"):
        Event.objects.filter(pk=second.pk).update(at=first.at)


def timers(**columns):
    return Timer.objects.filter(**columns)


def superseded(run, **columns):
    change(run, superseded_by=Operation.objects.first(), **columns)


#: By invariant: what is done to the rows, and a part of what is said of it.
BROKEN = [
    ("I1", lambda: change(run_of(state="in_doubt"), finished_at=timezone.now()), "and finished"),
    ("I1", lambda: change(run_of(state="done"), finished_at=None), "finished at None"),
    ("I1", lambda: change(run_of(state="done"), state="running"), "nothing ends its lease"),
    ("I1", lambda: change(run_of(state="done"), state="queued", due=None), "and never due"),
    ("I1", lambda: note(run_of(state="done"), "resolved", happened=True), "done 2 times"),
    ("I5", lambda: change(run_of("insure"), first_attempt_at=timezone.now()), "begun before"),
    ("I5", lambda: change(run_of("insure", state="done"), state="queued"), "not hold its lane"),
    ("I6", end_an_attempt_again, "ended 2 times"),
    ("I6", lambda: change(run_of(state="done"), fence=0), "has fence 0"),
    ("I6", lambda: change(run_of(state="failed"), state="done"), "nobody who held it said so"),
    (
        "I7",
        lambda: change(run_of(), superseded_as="cancelled"),
        "superseded as 'cancelled' by None",
    ),
    ("I7", lambda: superseded(run_of(), superseded_as="cancelled"), "was cancelled, and is"),
    ("I7", lambda: superseded(run_of(), superseded_as="cancelled"), "and no event says so"),
    (
        "I7",
        lambda: superseded(run_of(attempts=2), superseded_as="cancelled", state="cancelled"),
        "attempt 1 was sent",
    ),
    (
        "I7",
        lambda: superseded(run_of(), superseded_as="already_sent", state="queued"),
        "it would be sent again",
    ),
    ("I7", lambda: superseded(run_of(), superseded_as="already_sent"), "its follow-up is done"),
    ("I8", lambda: timers(clock="escalate").update(fired=3), "and caused 1 operations"),
    ("I8", lambda: timers(clock="begin").update(live=True), "is live, and"),
    (
        "I8",
        lambda: timers(clock="begin").update(state="cancelled", due=timezone.now()),
        "is cancelled, live: ",
    ),
    ("I9", lambda: Parcel.history.filter(status="arrived").delete(), "has 0 snapshots"),
    ("I9", lambda: Parcel.objects.filter(title="books")._raw_delete("default"), "is gone"),
    ("I10", lambda: change(run_of("insure"), state="held"), "which nobody holds"),
    ("I10", lambda: change(run_of("tell_sender"), state="held"), "and its limit let it go"),
    ("I10", lambda: change(run_of(), state="held", safety="group"), "waits for its members"),
    ("I10", lambda: change(run_of("tell_sender"), state="held", in_turn=False), "for its turn"),
    ("I10", lambda: change(run_of(state="done"), holds_lane="x"), "still holds the lane x"),
    ("I10", lambda: note(run_of(), "lane_repaired", lane="x"), "1 times a lane had to be repaired"),
    ("I11", lambda: change(run_of("tell_sender"), first_attempt_at=timezone.now()), "late"),
    ("I12", lambda: change(run_of(), attempts=4), "attempted 4 times of 3"),
    (
        "I13",
        lambda: change(run_of(), state="running", lease_until=timezone.now() - TEN_MINUTES),
        "was leased until",
    ),
    (
        "I13",
        lambda: change(run_of(), state="running", lease_until=timezone.now() + TEN_MINUTES),
        "for longer than a lease",
    ),
]


#: The same, where the guard of the database has to be lifted first.
AGAINST_THE_GUARD = [
    ("I1", lose_a_run, "asked for tell_sender, and there is no run"),
    ("I9", forget_an_operation, "its operations are of"),
    ("I9", forget_a_deletion, "no operation says so"),
    ("I9", change_a_row, "the newest snapshot says status='arrived'"),
    ("I12", repeat_at_once, "is repeated at"),
    ("I12", begin_before_its_time, "too soon"),
]


def test_what_breaks_one_is_named(told):
    for name, breaks, said in BROKEN:
        with transaction.atomic():
            is_named(told, name, breaks, said)
            transaction.set_rollback(True)
    check_invariants(told)


SAID = [said for _, _, said in AGAINST_THE_GUARD]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("name", "breaks", "said"), AGAINST_THE_GUARD, ids=SAID)
def test_what_the_guard_would_not_let_happen_is_named_too(told, name, breaks, said):
    is_named(told, name, breaks, said)


def is_named(told, name, breaks, said):
    lag = timedelta(seconds=1)
    assert broken_invariants(told, lag=lag)[name] == []
    breaks()
    assert said in " ".join(broken_invariants(told, lag=lag)[name]), f"{name}: {said}"
    with pytest.raises(AssertionError, match=f"(?m)^{name}: "):
        check_invariants(told, lag=lag)


def strange_calls(told):
    run = run_of(state="done")
    return {
        "no run has that key": (Heard("who knows"), "I2"),
        "and no run has that key": (Heard(f"{uuid7()}:1"), "I2"),
        "nobody has ever claimed": (Heard(run_of(fence=0).key), "I2"),
        "was called with": (Heard(f"{run.pk}:2"), "I4"),
        "carried the keys": (Heard(f"{run.pk}:0", attempt=1), "I4"),
    }


@pytest.mark.parametrize(
    "said",
    [
        "no run has that key",
        "and no run has that key",
        "nobody has ever claimed",
        "was called with",
        "carried the keys",
    ],
)
def test_a_call_that_nobody_should_have_made_is_named(told, clerk, said):
    execute(Parcel.objects.filter(status="halted").first().ship, by=clerk)
    call, name = strange_calls(told)[said]
    assert broken_invariants(told)[name] == []
    assert said in " ".join(broken_invariants([*told, call])[name])


def as_committed(run):
    change(run, safety="committed")
    return run


@pytest.mark.parametrize(
    ("took", "said"), [(None, "was sent 2 times as"), (True, "was taken 2 times as")]
)
def test_a_committed_effect_that_was_sent_again_is_named(told, took, said):
    run = as_committed(run_of(attempts=1, state="done"))
    twice = [Heard(run.key, took=took)] * 2
    assert broken_invariants(twice[:1])["I3"] == []
    assert said in " ".join(broken_invariants(twice)["I3"])


def test_a_committed_effect_may_be_sent_again_after_it_was_certainly_not_sent(told):
    run = as_committed(run_of(attempts=3, state="done"))
    calls = [Heard(run.key, took=False)] * 2 + [Heard(run.key, took=True)]
    assert broken_invariants(calls)["I3"] == []


def test_a_committed_effect_may_be_sent_again_when_a_person_says_that_it_did_not_happen(told):
    run = as_committed(run_of(attempts=1, state="done"))
    note(run, "resolved", happened=False)
    assert broken_invariants([Heard(run.key, took=True)] * 2)["I3"] == []


def test_a_lane_that_was_called_out_of_order_is_named(told):
    assert "was called before" in " ".join(broken_invariants(reversed(told))["I5"])


def test_every_invariant_is_tried():
    tried = {name for name, _, _ in [*BROKEN, *AGAINST_THE_GUARD]} | {"I2", "I3", "I4"}
    assert tried == INVARIANTS.keys()
