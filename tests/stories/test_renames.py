"""Renames: what an earlier release stored under another name goes on under today's."""

import pytest
from django.db import connection
from django.db.models import Case, Value, When
from django_fsm import can_proceed

from tests.testapp.models import Parcel
from tests.testapp.workflow import CarrierSilent, Status
from workflows_app import SYSTEM, KeyReused, NotAllowed
from workflows_app.contract.registry import contract_of
from workflows_app.describe.receipt import receipt
from workflows_app.describe.status import status
from workflows_app.describe.timeline import timeline
from workflows_app.engine import execute
from workflows_app.engine.claim import claim
from workflows_app.engine.drain import drain
from workflows_app.engine.idempotency import derived_key, fingerprint, key_hash
from workflows_app.engine.request import key_for
from workflows_app.engine.sweep import sweep
from workflows_app.models import Operation
from workflows_app.ops import place, resolve, skip
from workflows_app.testing import drain_until_quiet

from .another_release import move, stored_state, stored_under

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def underway(packed):
    """A parcel in the state that is called shipping today."""
    move(packed, "underway")
    return packed


def latest():
    return Operation.objects.order_by("-id").first()


def test_a_row_under_a_former_value_is_in_the_state_of_today(underway, clerk):
    assert stored_state(underway) == "underway"
    assert underway.status == Status.SHIPPING
    assert underway.get_status_display() == "On its way"
    document = status(underway, user=clerk)
    assert (document["state"], document["label"]) == ("shipping", "On its way")
    assert (document["owner"]["label"], document["waiting_on"]) == ("a clerk", "the carrier")


def test_the_next_command_writes_the_value_of_today(underway):
    execute(underway.arrive, by=SYSTEM, data={"tracking": "T-1"})
    assert (underway.status, stored_state(underway)) == ("arrived", "arrived")
    assert (latest().source, latest().target) == ("underway", "arrived")


def test_a_command_that_stays_writes_it_too_and_enters_nothing(underway, clerk):
    since = underway.status_since
    execute(underway.cover, by=clerk, version=underway.version)
    assert stored_state(underway) == "shipping"
    assert (latest().source, latest().target) == ("underway", "shipping")
    assert underway.status_since == since
    assert "Now:" not in timeline(underway).entries[-1]["text"]


def test_a_command_of_another_state_is_refused_as_usual(underway, clerk):
    with pytest.raises(NotAllowed, match="Only from Packed or Halted"):
        execute(underway.ship, by=clerk)
    assert stored_state(underway) == "underway"


def test_django_fsm_sees_the_state_of_today(underway):
    assert can_proceed(underway.arrive)
    assert not can_proceed(underway.ship)
    names = {one.name for one in underway.get_available_status_transitions()}
    assert {"arrive", "halt", "cover"} == names


def test_a_filter_by_the_state_finds_every_row_in_it(underway, people):
    new = Parcel.objects.create(sender=people["sender"], title="n", address="x")
    every = Parcel.objects.order_by("pk")
    for same in (Status.SHIPPING, "shipping", "underway", "sent"):
        assert list(every.filter(status=same)) == [underway]
        assert list(every.exclude(status=same)) == [new]
    assert list(every.filter(status__in=[Status.SHIPPING, "new"])) == [underway, new]
    assert every.filter(status__in=every.filter(pk=new.pk).values("status")).get() == new
    told = every.annotate(moving=Case(When(status=Status.SHIPPING, then=1), default=Value(0)))
    assert list(told.values_list("moving", flat=True)) == [1, 0]


def test_a_filter_by_a_state_without_former_values_is_plain_sql(db):
    assert '"status" = ' in str(Parcel.objects.filter(status="packed").query).replace("`", '"')


def test_history_shows_the_state_of_today_and_keeps_what_was_stored(underway):
    underway.title = "renamed"
    underway.save()
    snapshot = underway.history.latest()
    assert (snapshot.status, snapshot.get_status_display()) == ("underway", "On its way")
    assert stored_state(underway) == "underway"


def test_the_timeline_tells_the_label_and_keeps_what_was_stored(underway):
    entry = timeline(underway).entries[-1]
    assert "Now: On its way." in entry["text"]
    assert (entry["source"], entry["target"]) == ("packed", "underway")


def test_an_operator_decides_about_a_run_of_an_object_under_a_former_value(
    shipping, run_of, answers, operator, clock
):
    answers["hand_over"] = CarrierSilent
    drain_until_quiet(clock)
    move(shipping, "sent", transition="dust")
    resolve(
        run_of("hand_over"), happened=True, by=operator, reason="seen", result={"tracking": "T"}
    )
    shipping.refresh_from_db()
    assert shipping.status == "arrived"
    assert list(Operation.objects.order_by("-version").values_list("source", flat=True)[:2]) == [
        "shipping",
        "sent",
    ]


def test_a_server_of_the_earlier_release_still_inserts_where_objects_began(people):
    with connection.cursor() as cursor:
        columns = "sender_id, title, address, tracking, trouble, status, status_since, version"
        cursor.execute(
            f"INSERT INTO testapp_parcel ({columns})"
            f" VALUES ({people['sender'].pk}, 'x', '', '', '', 'fresh', CURRENT_TIMESTAMP, 0)"
        )
    parcel = Parcel.objects.get()
    assert (parcel.status, stored_state(parcel)) == ("new", "fresh")
    assert parcel.status == contract_of(parcel).states.initial


def test_a_new_object_is_placed_under_the_value_of_today(people):
    parcel = Parcel(sender=people["sender"], title="p", address="x")
    operation = place(parcel, "underway", by=SYSTEM, reason="from the old list")
    assert (operation.target, stored_state(parcel)) == ("shipping", "shipping")


def test_deleting_an_object_under_a_former_value_is_an_operation(underway):
    underway.delete()
    assert (latest().kind, latest().source, latest().target) == ("delete", "underway", "underway")


def test_runs_under_a_former_name_are_performed_under_the_name_of_today(shipping, run_of):
    stored_under("give_away", "hand_over")
    drain()
    run = run_of("give_away")
    assert (run.state, run.attempts, run.follow_up) == ("done", 1, "done")
    shipping.refresh_from_db()
    assert shipping.status == "arrived"
    shown = [entry["text"] for entry in timeline(shipping).entries]
    assert any("to hand over succeeded" in text for text in shown)


def test_a_run_that_was_held_under_a_former_name_takes_its_turn(shipping, clerk, run_of, clock):
    execute(shipping.cover, by=clerk, version=shipping.version)
    stored_under("give_away", "hand_over")
    drain_until_quiet(clock)
    assert (run_of("give_away").state, run_of("insure").state) == ("done", "done")


def test_lost_work_under_a_former_name_is_rescued(shipping, run_of, clock):
    stored_under("give_away", "hand_over")
    claim("default", 10)
    clock.move(minutes=2)
    sweep("default")
    assert run_of("give_away").state == "queued"


def test_a_doubt_under_a_former_name_is_resolved(shipping, run_of, answers, operator, clock):
    answers["hand_over"] = CarrierSilent
    drain_until_quiet(clock)
    stored_under("give_away", "hand_over")
    work = status(shipping)["work"][0]
    assert (work["effect"], work["label"], work["max_attempts"]) == ("give_away", "Hand over", 3)
    resolve(run_of("give_away"), happened=False, by=operator, reason="asked the carrier")
    assert (run_of("give_away").state, run_of("give_away").follow_up) == ("failed", "done")
    with pytest.raises(NotAllowed):
        skip(run_of("give_away"), by=operator, reason="settled")


def test_what_follows_waits_while_the_object_stands_in_a_state_of_another_release(
    shipping, run_of, clock
):
    move(shipping, "of_tomorrow", transition="dust")
    drain()
    run = run_of("hand_over")
    assert (run.state, run.follow_up, run.follow_up_attempts) == ("done", "pending", 0)
    for _ in range(7):
        clock.move(minutes=1)
        sweep("default")
    run = run_of("hand_over")
    assert (run.follow_up, run.follow_up_attempts) == ("pending", 0)
    move(shipping, "shipping", transition="dust")
    clock.move(minutes=1)
    sweep("default")
    assert run_of("hand_over").follow_up == "done"


def kept_key(parcel, by, key, name):
    """The columns of a command that a release accepted under this name of its transition."""
    return {
        "transition": name,
        "actor": f"user:{by.pk}",
        "key": key,
        "key_hash": key_hash(key),
        "fingerprint": fingerprint(name, "testapp.parcel", str(parcel.pk), {}),
    }


@pytest.mark.parametrize("name", ["post", "dispatch", "ship"])
def test_a_key_of_an_earlier_release_answers_with_its_operation(packed, clerk, name):
    first = move(packed, "shipping", **kept_key(packed, clerk, "k-1", name))
    again = execute(packed.ship, by=clerk, key="k-1")
    assert (again.pk, again.replayed) == (first.pk, True)
    assert Operation.objects.filter(key="k-1").count() == 1
    with pytest.raises(KeyReused):
        execute(packed.cover, by=clerk, key="k-1", version=packed.version)


def test_every_release_makes_the_same_key_of_what_it_derives(packed, clerk):
    under_the_first_name = derived_key("run:r", "post", "testapp.parcel", str(packed.pk))
    assert key_for("run:r", packed.ship) == under_the_first_name
    execute(packed.ship, by=clerk, key="k-2")
    assert latest().transition == "ship"
    assert latest().fingerprint == fingerprint("post", "testapp.parcel", str(packed.pk), {})


def test_what_follows_is_told_as_such_whatever_the_names_were(shipping):
    drain()
    arrived = Operation.objects.get(transition="arrive")
    assert arrived.key.endswith(":come")
    (told,) = [e["text"] for e in timeline(shipping).entries if e.get("transition") == "arrive"]
    assert 'by the system after "hand over" was done' in told


def test_operations_keep_the_name_they_were_stored_under_and_are_told_by_the_label(packed):
    operation = move(packed, "shipping", transition="dispatch")
    document = receipt(operation)
    assert (document["transition"], document["label"]) == ("dispatch", "Ship")
    assert document["contract_version"] == contract_of(packed).version
    (*_, told) = [entry["text"] for entry in timeline(packed).entries]
    assert told == "Ship, by the system: Hand it to the carrier. Now: On its way."
