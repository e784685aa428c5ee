"""An edit is a command: the columns that the present state gives to this person, and no others."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from rest_framework import serializers

from tests.testapp import workflow
from tests.testapp.models import Parcel, Product, Seat, Trip
from workflows_app import (
    SYSTEM,
    Forbidden,
    Invalid,
    KeyReused,
    NotAllowed,
    Stale,
)
from workflows_app.contract.editing import editable_columns
from workflows_app.describe.timeline import timeline
from workflows_app.engine import edit, execute
from workflows_app.engine.signals import command_accepted
from workflows_app.failures import ContractError
from workflows_app.models import EffectRun, Operation

from .conftest import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelved(packed, clerk):
    """On the shelf, which nobody owns: the clerk edits the title, the sender the address."""
    Parcel.objects.filter(pk=packed.pk).update(title="shelf")
    execute(packed.sort, by=clerk)
    return packed


def refused(kind, obj, by, **data):
    before = Operation.objects.count(), Parcel.objects.values().first()
    with pytest.raises(kind) as refusal:
        edit(obj, by=by, data=data)
    assert (Operation.objects.count(), Parcel.objects.values().first()) == before
    return refusal.value


def reasons(refusal):
    return [(reason.code, reason.pointer) for reason in refusal.reasons]


def test_the_owner_of_the_first_state_edits_every_column_that_django_calls_editable(parcel, sender):
    assert editable_columns(parcel, sender) == ("title", "address", "grams", "tracking", "trouble")
    operation = edit(parcel, by=sender, data={"title": "maps", "grams": "5"}, reason="Typo.")
    assert (parcel.title, parcel.grams, parcel.version) == ("maps", 5, 1)
    assert Parcel.objects.get().title == "maps"
    assert (operation.kind, operation.transition) == ("edit", "edit")
    assert (operation.source, operation.target, operation.version) == ("new", "new", 1)
    assert operation.data == {"title": "maps", "grams": 5}
    assert (operation.actor, operation.reason) == (f"user:{sender.pk}", "Typo.")


def test_whoever_watches_hears_of_it_once(parcel, sender):
    told = []

    def hear(sender, operation, effects, **signal):
        told.append((sender, operation.transition, list(effects)))

    command_accepted.connect(hear)
    try:
        edit(parcel, by=sender, data={"title": "maps"}, key="k")
        edit(parcel, by=sender, data={"title": "maps"}, key="k")
    finally:
        command_accepted.disconnect(hear)
    assert told == [(Parcel, "edit", [])]


def test_a_column_that_says_who_holds_a_role_is_not_edited_by_default(parcel, sender, clerk):
    refusal = refused(Invalid, parcel, sender, sender=clerk.pk)
    assert refusal.code == "protected_field"


def test_state_and_its_time_stay_and_nothing_goes_out(shipping, packed, clerk, sender):
    """``shipping`` is the same parcel, so nobody edits it now; another one is packed."""
    other = Parcel.objects.create(sender=sender, title="pans", address="Here 1")
    execute(other.pack, by=sender, data={"grams": 1})
    since, runs = other.status_since, EffectRun.objects.count()
    edit(other, by=clerk, data={"title": "pots"})
    assert (other.status, other.status_since, other.version) == ("packed", since, 2)
    assert EffectRun.objects.count() == runs


def test_the_snapshot_names_the_operation_and_who_it_was(packed, clerk):
    operation = edit(packed, by=clerk, data={"title": "maps"}, reason="As the label says.")
    snapshot = packed.history.first()
    assert (snapshot.title, snapshot.operation_id) == ("maps", operation.id)
    assert (snapshot.history_user, snapshot.history_change_reason) == (clerk, operation.reason)


def test_each_role_edits_its_own_columns(shelved, clerk, sender):
    assert editable_columns(shelved, clerk) == ("title",)
    assert editable_columns(shelved, sender) == ("address",)
    edit(shelved, by=sender, data={"address": "Road 2"})
    assert reasons(refused(NotAllowed, shelved, clerk, address="x")) == [
        ("not_editable", "/address")
    ]
    assert Parcel.objects.get().address == "Road 2"


def test_a_column_of_other_people_is_forbidden_and_says_whose_it_is(packed, clerk):
    refusal = refused(Forbidden, packed, clerk, trouble="none")
    assert reasons(refusal) == [("not_editable", "/trouble")]
    assert refusal.detail == "Only the sender may edit trouble."


def test_a_column_of_another_state_is_refused_and_says_of_which(shelved, sender):
    refusal = refused(NotAllowed, shelved, sender, grams=1)
    assert reasons(refusal) == [("not_editable", "/grams")]
    assert refusal.detail == "grams: to be edited only in New."
    assert refusal.facts == {"transition": "edit", "editable": ["address"]}
    assert (refusal.current.state, refusal.current.version) == ("shelf", 2)


def test_who_edits_nothing_anywhere_is_forbidden_whatever_he_sends(packed):
    stranger = person("stranger", "view_parcel")
    for data in ({"title": "x"}, {"nonsense": 1}, {}):
        refusal = refused(Forbidden, packed, stranger, **data)
        assert refusal.detail == "Only the sender or a clerk may edit this."
    assert editable_columns(packed, stranger) == ()


def test_a_role_that_several_states_name_is_told_once(packed, monkeypatch):
    monkeypatch.setattr(
        workflow.Status.SHELF, "editable", {workflow.clerk | workflow.sender: ("title",)}
    )
    refusal = refused(Forbidden, packed, person("stranger", "view_parcel"), title="x")
    assert refusal.detail == "Only the sender or a clerk may edit this."


def test_the_system_edits_nothing(packed):
    assert "transition's body" in refused(Forbidden, packed, SYSTEM, title="x").detail


def test_nobody_anonymous_edits(packed):
    with pytest.raises(Forbidden):
        edit(packed, by=AnonymousUser(), data={"title": "x"})


@pytest.mark.parametrize("column", ["status", "status_since", "version", "id"])
def test_what_only_commands_write_is_never_edited(column, parcel, sender):
    refusal = refused(Invalid, parcel, sender, **{column: "1", "title": "x"})
    assert refusal.code == "protected_field"
    assert reasons(refusal) == [("protected_field", f"/{column}")]


@pytest.mark.parametrize(
    ("data", "code", "pointer"),
    [
        ({"nonsense": 1}, "unknown_field", "/nonsense"),
        ({"title": ""}, "blank", "/title"),
        ({"title": None}, "null", "/title"),
        ({"title": "x" * 101}, "max_length", "/title"),
        ({"grams": "many"}, "invalid", "/grams"),
        ({"grams": -1}, "min_value", "/grams"),
        ({"grams": Decimal("Infinity")}, "invalid", "/grams"),
        ({"title": "a\0b"}, "invalid", ""),
        ({}, "nothing_to_edit", ""),
    ],
)
def test_wrong_values_are_pointed_at(data, code, pointer, parcel, sender):
    refusal = refused(Invalid, parcel, sender, **data)
    assert (code, pointer) in reasons(refusal)
    assert all("[" not in reason.detail for reason in refusal.reasons)


def test_what_is_no_object_with_members_is_refused(parcel, sender):
    with pytest.raises(Invalid):
        edit(parcel, by=sender, data=["title"])


def test_a_column_that_the_state_requires_is_not_emptied(packed, clerk):
    refusal = refused(Invalid, packed, clerk, address="")
    assert reasons(refusal) == [("required", "/address")]


def test_a_required_column_that_is_empty_already_does_not_keep_others_from_being_edited(
    packed, clerk
):
    Parcel.objects.filter(pk=packed.pk).update(address="")
    edit(packed, by=clerk, data={"title": "maps"})
    assert Parcel.objects.get().title == "maps"


def test_a_constraint_refuses_with_its_own_words(parcel, sender):
    refusal = refused(Invalid, parcel, sender, tracking="!")
    assert [(r.code, r.detail) for r in refusal.reasons] == [
        ("tracking_odd", "No tracking number begins like this.")
    ]


def test_what_the_model_cleans_is_asked(parcel, sender, monkeypatch):
    def clean(self):
        if self.title == "mine" and not self.grams:
            raise ValidationError({"grams": ValidationError("Weigh it.", "unweighed")})

    monkeypatch.setattr(Parcel, "clean", clean)
    refusal = refused(Invalid, parcel, sender, title="mine")
    assert [(r.code, r.detail, r.pointer) for r in refusal.reasons] == [
        ("unweighed", "Weigh it.", "/grams")
    ]
    monkeypatch.setattr(Parcel, "clean", lambda self: (_ for _ in ()).throw(ValidationError("No.")))
    assert [(r.detail, r.pointer) for r in refused(Invalid, parcel, sender, title="a").reasons] == [
        ("No.", "")
    ]


def test_the_same_values_are_an_edit_too(parcel, sender):
    assert edit(parcel, by=sender, data={"title": parcel.title}).version == 1


def test_the_same_key_is_one_edit_and_another_request_is_refused(parcel, sender):
    first = edit(parcel, by=sender, data={"title": "a"}, key="k", version=0)
    again = edit(parcel, by=sender, data={"title": "a"}, key="k", version=0)
    assert again.replayed and again.id == first.id
    with pytest.raises(KeyReused):
        edit(parcel, by=sender, data={"title": "b"}, key="k")
    with pytest.raises(KeyReused):
        execute(parcel.pack, by=sender, data={"grams": 1}, key="k")
    assert Parcel.objects.get().version == 1


def test_a_version_that_has_passed_is_stale(parcel, sender):
    edit(parcel, by=sender, data={"title": "a"})
    with pytest.raises(Stale):
        edit(parcel, by=sender, data={"title": "b"}, version=0)
    edit(parcel, by=sender, data={"title": "b"}, version={0, 1})


def test_the_callers_unsaved_changes_are_ignored(parcel, sender):
    parcel.grams = 77
    edit(parcel, by=sender, data={"title": "maps"})
    assert (Parcel.objects.get().grams, parcel.grams) == (None, None)


def test_an_object_that_came_another_way_is_adopted_first(sender):
    Parcel.objects.bulk_create([Parcel(sender=sender, title="x")])
    edit(Parcel.objects.get(), by=sender, data={"title": "y"})
    kinds = list(Operation.objects.order_by("version").values_list("kind", flat=True))
    assert kinds == ["adopt", "edit"]


def test_what_is_not_stored_is_a_mistake_of_the_program(sender):
    with pytest.raises(ContractError, match="takes a stored object"):
        edit(Parcel(sender=sender), by=sender, data={"title": "x"})


def test_of_several_workflows_each_gives_its_columns():
    maker, tester = person("maker", "make_product"), person("tester", "test_product")
    product = Product.objects.create(title="lamp")
    assert "title" in editable_columns(product, maker)
    assert "title" in editable_columns(product, tester)
    execute(product.review, by=tester)
    assert editable_columns(product, tester) == ()
    operation = edit(product, by=maker, data={"title": "torch"})
    assert (operation.field, operation.version) == ("status", 2)
    assert (product.status, product.review_status) == ("idea", "lab")
    with pytest.raises(NotAllowed, match="only in To be reviewed"):
        edit(product, by=tester, data={"title": "candle"})
    for column in ("status", "review_status", "review_status_since"):
        assert refused(Invalid, product, maker, **{column: "live"}).code == "protected_field"


class Shouted(serializers.ModelSerializer):
    """Its own names, its own rules."""

    name = serializers.CharField(source="title")

    class Meta:
        model = Parcel
        fields = ["name", "address"]

    def validate_name(self, value):
        if value.islower():
            raise serializers.ValidationError("Louder.", "quiet")
        return value


def test_a_serializer_may_validate_instead_under_its_own_names(parcel, sender):
    operation = edit(parcel, by=sender, data={"name": "MAPS"}, shape=Shouted)
    assert parcel.title == "MAPS"
    assert operation.data == {"title": "MAPS"}
    with pytest.raises(Invalid) as refusal:
        edit(parcel, by=sender, data={"name": "maps", "grams": 1}, shape=Shouted)
    assert sorted(reasons(refusal.value)) == [("quiet", "/name"), ("unknown_field", "/grams")]


def test_a_serializer_goes_round_nothing(packed, clerk):
    """The clerk may edit the title here, but not what the serializer calls something else."""

    class Sly(serializers.ModelSerializer):
        note = serializers.CharField(source="trouble")

        class Meta:
            model = Parcel
            fields = ["note", "title"]

        def validate(self, given):
            return given | {"tracking": "T"}

    with pytest.raises(Forbidden):
        edit(packed, by=clerk, data={"note": "x"}, shape=Sly)
    with pytest.raises(NotAllowed) as refusal:
        edit(packed, by=clerk, data={"title": "x"}, shape=Sly)
    assert reasons(refusal.value) == [("not_editable", "/tracking")]
    assert Parcel.objects.get().tracking == ""


def test_another_object_is_named_by_itself_or_by_its_key_and_stored_as_its_key():
    """Seats have no owner: only what the contract says expressly may be edited."""
    driver = person("driver", "drive_trip", "add_trip")
    trip, other = Trip.objects.create(), Trip.objects.create()
    seat = Seat.objects.create(trip=trip, number=1)
    assert edit(seat, by=driver, data={"trip": other}).data == {"trip": other.pk}
    assert (seat.trip, Seat.objects.get().trip) == (other, other)
    assert edit(seat, by=driver, data={"trip": str(trip.pk)}).data == {"trip": trip.pk}
    with pytest.raises(Invalid) as refusal:
        edit(seat, by=driver, data={"trip": 0})
    assert reasons(refusal.value) == [("invalid", "/trip")]


def test_the_timeline_says_which_columns_and_hides_secrets(parcel, sender):
    edit(parcel, by=sender, data={"title": "maps", "address": "Hidden Road 1"}, reason="Typo.")
    told = timeline(parcel).entries[-1]
    assert told["text"] == "Edited by Sender: title, address. Reason: Typo."
    assert told["kind"] == "edit"
    assert told["data"] == {"title": "maps", "address": "•••"}
