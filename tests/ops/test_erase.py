"""A person's data is erased: the records stay, without what they say of a person."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from tests.engine.conftest import person
from tests.testapp.models import Crate, Parcel, Seat, Trip
from tests.testapp.workflow import AddressRefused
from workflows_app import SYSTEM, Forbidden, Invalid, KeyReused, NotAllowed
from workflows_app.contract.registry import contract_of
from workflows_app.describe.timeline import timeline, timeline_of
from workflows_app.engine import execute
from workflows_app.engine.drain import drain
from workflows_app.models import EffectRun, Event, Operation, Tombstone
from workflows_app.models.guard import missing
from workflows_app.ops import erase, erase_actor

pytestmark = pytest.mark.django_db(transaction=True)

ADA = "Ada of Main Street"


@pytest.fixture
def parcel(clerk, answers):
    """Halted: the carrier knew something about the person, and said so."""

    def refuse(parcel, run):
        raise AddressRefused(street=ADA)

    answers["hand_over"] = refuse
    parcel = Parcel.objects.create(sender=person("ada"), title=ADA, address=ADA)
    execute(parcel.pack, by=clerk, data={"grams": 1, "note": ADA}, reason=ADA, key=ADA)
    execute(parcel.ship, by=clerk)
    drain()
    parcel.refresh_from_db()
    assert parcel.status == "halted"
    return parcel


def everything_kept(parcel):
    rows = [
        *Operation.objects.filter(object_id=str(parcel.pk)).values(),
        *EffectRun.objects.values(),
        *Event.objects.values(),
        *parcel.history.values(),
    ]
    return str(rows)


def command(*arguments):
    out = StringIO()
    call_command("workflow_erase", *arguments, stdout=out)
    return out.getvalue()


def test_nothing_that_was_kept_names_the_person_any_more(parcel, clerk):
    assert ADA in everything_kept(parcel)
    Parcel.objects.filter(pk=parcel.pk).update(title="erased", address="erased")
    tombstone = erase(
        Parcel, parcel.pk, by=SYSTEM, reason="she asked", columns=["title", "address"]
    )
    assert ADA not in everything_kept(parcel)
    assert (tombstone.operations, tombstone.runs, tombstone.events) == (4, 2, 2)
    assert tombstone.snapshots == parcel.history.count() == 4


def test_who_moved_what_when_stays(parcel):
    kept = ("id", "version", "transition", "source", "target", "actor", "actor_label",
            "accepted_at", "key_hash", "cause", "contract_version", "kind")  # fmt: skip
    before = list(Operation.objects.order_by("id").values(*kept))
    states = list(EffectRun.objects.order_by("id").values("id", "state", "attempts", "effect"))
    erase(Parcel, parcel.pk, by=SYSTEM, reason="she asked")
    assert list(Operation.objects.order_by("id").values(*kept)) == before
    after = list(EffectRun.objects.order_by("id").values("id", "state", "attempts", "effect"))
    assert after == states


def test_the_object_works_on_under_the_guard(parcel, clerk):
    erase(Parcel, parcel.pk, by=SYSTEM, reason="she asked")
    assert missing("default") == []
    with pytest.raises(IntegrityError), transaction.atomic():
        Parcel.objects.filter(pk=parcel.pk).update(status="new")
    with pytest.raises(IntegrityError), transaction.atomic():
        Operation.objects.filter(object_id=str(parcel.pk)).update(reason=ADA)
    assert execute(parcel.ship, by=clerk).version == 4


def test_the_timeline_is_told_still_and_says_what_was_erased(parcel):
    erase(Parcel, parcel.pk, by=SYSTEM, reason="she asked")
    entries = timeline(parcel).entries
    assert ADA not in str(entries)
    assert entries[-1]["text"] == (
        "What 6 entries up to version 3 said of a person was erased by the system."
        " Reason: she asked"
    )
    assert any("failed for good: what it said was erased." in one["text"] for one in entries)
    assert any("Reason: erased" in one["text"] for one in entries)


def test_a_deleted_object_can_be_erased_too(parcel):
    pk = parcel.pk
    Parcel.objects.get(pk=pk).delete()
    erase(Parcel, pk, by=SYSTEM, reason="she asked", columns=["title", "address"])
    assert ADA not in everything_kept(Parcel(pk=pk))
    assert timeline_of(contract_of(Parcel), str(pk)).entries


def test_what_is_still_to_be_done_needs_its_data(parcel, clerk):
    execute(parcel.ship, by=clerk)
    with pytest.raises(NotAllowed, match=r"needs its data: hand_over \(queued\)"):
        erase(Parcel, parcel.pk, by=SYSTEM, reason="she asked")
    assert (Tombstone.objects.count(), ADA in everything_kept(parcel)) == (0, True)


def test_a_key_whose_request_was_erased_is_not_answered_any_more(parcel, clerk):
    erase(Parcel, parcel.pk, by=SYSTEM, reason="she asked")
    with pytest.raises(KeyReused):
        execute(parcel.pack, by=clerk, data={"grams": 1, "note": ADA}, key=ADA)


def test_an_actor_loses_the_name_and_keeps_the_id(parcel, clerk):
    tombstone = erase_actor(clerk, by=SYSTEM, reason="she left")
    mine = Operation.objects.filter(actor=f"user:{clerk.pk}")
    assert {one.actor_label for one in mine} == {"erased"}
    assert tombstone.operations == mine.count() == 2
    assert any(", by erased:" in entry["text"] for entry in timeline(parcel).entries)
    assert "Clerk" not in str(timeline(parcel).entries)
    execute(parcel.ship, by=clerk)
    assert Operation.objects.filter(actor_label="Clerk").count() == 1


def test_a_dry_run_counts_and_erases_nothing(parcel, clerk):
    before = everything_kept(parcel)
    assert erase(Parcel, parcel.pk, by=SYSTEM, reason="?", dry_run=True).operations == 4
    assert erase_actor(clerk, by=SYSTEM, reason="?", dry_run=True).operations == 2
    assert (everything_kept(parcel), Tombstone.objects.count()) == (before, 0)


def test_it_needs_a_permission_and_a_reason(parcel, clerk):
    with pytest.raises(Forbidden, match=r"workflows_app\.erase_records"):
        erase(Parcel, parcel.pk, by=clerk, reason="she asked")
    with pytest.raises(Invalid, match="needs a reason"):
        erase_actor(clerk, by=SYSTEM, reason="")


@pytest.mark.parametrize("column", ["status", "version", "id", "nothing"])
def test_only_plain_columns_are_blanked(parcel, column):
    with pytest.raises(Invalid, match=column):
        erase(Parcel, parcel.pk, by=SYSTEM, reason="she asked", columns=[column])


def test_the_name_of_a_file_is_blanked_as_a_text_is(db):
    crate = Crate.objects.create(title="t", picture=f"crates/{ADA}.jpg")
    erase(Crate, crate.pk, by=SYSTEM, reason="she asked", columns=["picture"])
    assert [one.picture for one in crate.history.all()] == ["erased"]


def test_where_nothing_can_stand_instead_it_says_how_to_put_something_there(db):
    seat = Seat.objects.create(trip=Trip.objects.create(), number=1)
    cure = r"Seat\.history\.filter\(id=\.\.\.\)\.update\(number=\.\.\.\)"
    with pytest.raises(Invalid, match=cure):
        erase(Seat, seat.pk, by=SYSTEM, reason="she asked", columns=["number"])


def test_the_command_erases_and_says_of_how_much(parcel):
    person("keeper", "erase_records")
    told = command(
        "testapp.Parcel", str(parcel.pk), "--by", "keeper", "--reason", "she asked",
        "--columns", "title", "address",
    )  # fmt: skip
    assert "4 operations, 2 events, 2 runs and 4 snapshots were blanked" in told
    assert Tombstone.objects.get().actor_label == "Keeper"


def test_the_command_counts_what_an_actor_did(parcel, clerk):
    told = command("--actor", f"user:{clerk.pk}", "--reason", "she left", "--dry-run")
    assert "2 operations, 0 events, 0 runs and 0 snapshots would be blanked" in told


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ([], "Name either"),
        (["testapp.Parcel"], "Name either"),
        (["testapp.Parcel", "--actor", "user:7"], "Name either"),
        (["--actor", "user:7", "--columns", "title"], "Name either"),
        (["testapp.Nothing", "1"], "no model with a contract"),
        (["testapp.Parcel", "4711"], "has no records"),
        (["testapp.Parcel", "1", "--by", "nobody"], "no user 'nobody'"),
        (["--actor", "system"], "'system' is no person"),
        (["--actor", "user:4711"], "has done nothing"),
    ],
)
def test_the_command_names_the_fault(db, arguments, fault):
    with pytest.raises(CommandError, match=fault):
        command(*arguments, "--reason", "because")
