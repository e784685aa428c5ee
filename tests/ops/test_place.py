"""A new object is put straight into a later state through one door, which leaves its record."""

from datetime import UTC, datetime

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.engine.conftest import person
from tests.testapp.models import Crate, Lead, Parcel, Tag
from workflows_app import SYSTEM, Forbidden, Invalid
from workflows_app.describe.timeline import timeline
from workflows_app.engine import execute
from workflows_app.failures import ContractError, Reason
from workflows_app.models import EffectRun, Operation
from workflows_app.ops import place, place_all

pytestmark = pytest.mark.django_db

THEN = datetime(2020, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def sender(db):
    return get_user_model().objects.create_user("ada")


def told(operation):
    return operation.kind, operation.transition, operation.version, operation.target


def test_a_placed_object_is_in_its_state_with_a_record_of_how_it_came_there(sender):
    parcel = Parcel(sender=sender, title="books")
    operation = place(parcel, "shelf", by=SYSTEM, reason="From the old system.", since=THEN)
    parcel.refresh_from_db()
    assert (parcel.status, parcel.version, parcel.status_since) == ("shelf", 1, THEN)
    begun, placed = Operation.objects.order_by("version")
    assert told(begun) == ("create", "create", 0, "new")
    assert told(placed) == ("import", "place", 1, "shelf")
    assert (operation, placed.source, placed.reason) == (placed, "new", "From the old system.")
    assert not EffectRun.objects.exists()
    kinds = [(one.history_type, one.operation_id, one.status) for one in parcel.history.all()]
    assert kinds == [("~", placed.id, "shelf"), ("+", begun.id, "new")]


def test_the_timeline_says_it_in_plain_words(sender):
    parcel = Parcel(sender=sender, title="books")
    place(parcel, "shelf", by=SYSTEM, reason="From the old system.")
    assert [entry["text"] for entry in timeline(parcel).entries] == [
        "Created by the system. Reason: From the old system.",
        "Placed there by the system. Now: On the shelf. Reason: From the old system.",
    ]


def test_it_goes_on_from_there(sender):
    parcel = Parcel(sender=sender, title="books")
    place(parcel, "shelf", by=SYSTEM, reason="Import.")
    assert execute(parcel.dust, by=person("clerk", "handle_parcel"), version=1).version == 2


def test_only_the_system_and_who_has_the_permission_may_place(sender, admin_user):
    parcel = Parcel(sender=sender, title="books")
    for by in (sender, AnonymousUser()):
        with pytest.raises(Forbidden):
            place(parcel, "shelf", by=by, reason="Import.")
        with pytest.raises(Forbidden):
            place_all([parcel], by=by, reason="Import.")
    importer = person("importer", "place_object")
    assert place(parcel, "shelf", by=importer, reason="Import.").actor_label == "Importer"
    assert place(Parcel(sender=sender, title="more"), "shelf", by=admin_user, reason="Import.")


@pytest.mark.parametrize(
    ("state", "reason", "fault"),
    [
        ("shelf", " ", "Say why"),
        ("lost", "Import.", "'lost' is no state of parcel"),
        ("packed", "Import.", "Packed needs address"),
    ],
)
def test_what_does_not_fit_is_refused_and_writes_nothing(sender, state, reason, fault):
    with pytest.raises(Invalid, match=fault):
        place(Parcel(sender=sender, title="books"), state, by=SYSTEM, reason=reason)
    assert not Parcel.objects.exists()
    assert not Operation.objects.exists()


def test_a_stored_object_is_moved_by_commands_only(sender):
    parcel = Parcel.objects.create(sender=sender, title="books")
    with pytest.raises(ContractError, match="is stored already"):
        place(parcel, "shelf", by=SYSTEM, reason="Import.")
    with pytest.raises(ContractError, match="is stored already"):
        place_all([parcel], by=SYSTEM, reason="Import.")


def test_a_refused_object_can_be_put_right_and_placed():
    place(Lead(email="a@b.example"), "lost", by=SYSTEM, reason="Import.")
    lead = Lead(email="a@b.example")
    with pytest.raises(Invalid) as refusal:
        place(lead, "lost", by=SYSTEM, reason="Import.")
    assert [reason.pointer for reason in refusal.value.reasons] == ["/email"]
    assert (lead.pk, lead.status, lead.version) == (None, "new", 0)
    lead.email = "c@d.example"
    assert place(lead, "lost", by=SYSTEM, reason="Import.").version == 1


def test_many_are_placed_each_in_the_state_it_was_built_with(sender, django_assert_max_num_queries):
    states = ["new", "shelf", "returned"]
    parcels = [
        Parcel(sender=sender, title=f"{n}", status=states[n % 3], status_since=THEN)
        for n in range(30)
    ]
    with django_assert_max_num_queries(30):
        assert place_all(parcels, by=SYSTEM, reason="Import.", batch=12) == 30
    assert {parcel.status for parcel in parcels[1::3]} == {"shelf"}
    stored = Parcel.objects.order_by("pk")
    assert [parcel.status for parcel in stored] == states * 10
    assert {(parcel.version, parcel.status_since) for parcel in stored} == {(1, THEN)}
    assert Operation.objects.filter(kind="import", version=1).count() == 30
    assert Operation.objects.filter(kind="create", version=0, target="new").count() == 30
    snapshots = Parcel.history.order_by("id")
    assert [one.status for one in snapshots] == states * 10
    assert {one.history_change_reason for one in snapshots} == {"Import."}
    assert {one.operation_id for one in snapshots} == set(
        Operation.objects.filter(kind="import").values_list("pk", flat=True)
    )
    execute(parcels[1].dust, by=person("clerk", "handle_parcel"))


def test_keys_of_every_sort_and_models_without_history_are_placed():
    crates = [Crate(title=f"{n}", status="shut") for n in range(3)]
    place_all(crates, by=SYSTEM, reason="Import.")
    place_all([Tag(crate=crates[0], status="shut")], by=SYSTEM, reason="Import.")
    assert Operation.objects.filter(kind="import").count() == 4
    assert Tag.objects.get().status == "shut"


def test_none_of_a_batch_is_placed_when_one_does_not_fit(sender):
    parcels = [Parcel(sender=sender, title="a", status=state) for state in ("shelf", "packed")]
    with pytest.raises(Invalid, match="Packed needs address"):
        place_all(parcels, by=SYSTEM, reason="Import.")
    assert not Parcel.objects.exists()


@pytest.mark.parametrize("stored", [True, False])
def test_a_violated_uniqueness_refuses_a_batch_and_names_the_row(stored):
    emails = ["a@b.example", "c@d.example", "a@b.example"]
    if stored:
        place(Lead(email=emails.pop(0)), "lost", by=SYSTEM, reason="Import.")
    leads = [Lead(email=email, status="lost") for email in emails]
    with pytest.raises(Invalid) as refusal:
        place_all(leads, by=SYSTEM, reason="Import.")
    unique = Reason("unique", "Lead with this Email already exists.", "/email")
    assert refusal.value.reasons == (unique,)
    assert refusal.value.detail == f"Row {len(leads)}: Lead with this Email already exists."
    assert refusal.value.facts["row"] == len(leads)
    assert Lead.objects.count() == int(stored)


def test_a_refused_batch_can_be_put_right_and_placed_again():
    place(Lead(email="a@b.example"), "lost", by=SYSTEM, reason="Import.")
    leads = [Lead(email=f"{name}@b.example", status="lost") for name in "bca"]
    with pytest.raises(Invalid, match="Row 3"):
        place_all(leads, by=SYSTEM, reason="Import.")
    assert [(lead.pk, lead.status, lead.version) for lead in leads] == [(None, "lost", 0)] * 3
    leads[2].email = "d@b.example"
    assert place_all(leads, by=SYSTEM, reason="Import.") == 3
    stored = Lead.objects.order_by("pk").values_list("email", "status", "version")
    assert list(stored[1:]) == [(f"{name}@b.example", "lost", 1) for name in "bcd"]


def test_rows_are_counted_through_all_batches(sender):
    parcels = [Parcel(sender=sender, title=title, status="shelf") for title in "abcd"]
    packed = Parcel(sender=sender, title="e", status="packed")
    with pytest.raises(Invalid, match="^Row 5: Packed needs address") as refusal:
        place_all([*parcels, packed], by=SYSTEM, reason="Import.", batch=2)
    assert refusal.value.facts["row"] == 5
    assert Parcel.objects.count() == 4
    parcels = [Parcel(sender=sender, title=n, status="shelf", tracking=n) for n in "fgh!"]
    with pytest.raises(Invalid, match="^Row 4: No tracking number begins") as refusal:
        place_all(parcels, by=SYSTEM, reason="Import.", batch=3)
    assert (refusal.value.code, refusal.value.facts["row"]) == ("tracking_odd", 4)


def test_a_data_migration_is_told_of_the_row_too():
    apps = MigrationExecutor(connection).loader.project_state().apps
    then = apps.get_model("testapp", "Lead")
    leads = [then(email="a@b.example", status="lost") for _ in range(2)]
    with pytest.raises(Invalid, match="^Row 2: Lead with this Email already exists"):
        place_all(leads, by=SYSTEM, reason="Import.")
    assert [(lead.pk, lead.status, lead.version) for lead in leads] == [(None, "lost", 0)] * 2


def test_nothing_placed_is_nothing_done():
    assert place_all([], by=SYSTEM, reason="Import.") == 0


def test_a_data_migration_places_its_own_models_whatever_states_are_called_now():
    apps = MigrationExecutor(connection).loader.project_state().apps
    then = apps.get_model("testapp", "Crate")
    assert then is not Crate
    rows = [then(title="old", status="shut"), then(title="older", status="nailed")]
    assert place_all(rows, by=SYSTEM, reason="Import.") == 2
    assert set(Crate.objects.values_list("title", "status", "version")) == {
        ("old", "shut", 1),
        ("older", "nailed", 1),
    }
    assert Crate.history.count() == 2
    execute(Crate.objects.get(title="old").reopen, by=SYSTEM)
