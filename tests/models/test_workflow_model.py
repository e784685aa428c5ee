"""save() outside a command: it saves what it may, and refuses the rest in words."""

import pytest
from django.core import serializers
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from tests.testapp.models import Box, Crate, Label, Letter, Parcel
from workflows_app import SYSTEM, ProtectedState
from workflows_app.engine import execute
from workflows_app.models import Operation
from workflows_app.models.workflow_model import object_inserted

pytestmark = pytest.mark.django_db

BY_HAND = r"built by hand.*Load it with Crate\.objects\.get\("
LATER = r"A new crate begins in 'open' at version 0.*execute\(obj\.<transition>"


def operations_of(obj):
    return list(Operation.objects.of(obj._meta.concrete_model._meta.label_lower, str(obj.pk)))


def test_creation_writes_operation_zero_with_any_key(any_key):
    (first,) = operations_of(any_key)
    assert (first.version, first.kind, first.source, first.target) == (0, "create", "", "open")


def test_creation_is_one_transaction_with_its_operation(db):
    def fail(**kwargs):
        raise RuntimeError

    object_inserted.connect(fail, sender=Crate)
    try:
        with pytest.raises(RuntimeError), transaction.atomic():
            Crate.objects.create()
    finally:
        object_inserted.disconnect(fail, sender=Crate)
    assert not Crate.objects.exists()
    assert not Crate.history.exists()
    assert not Operation.objects.exists()


def test_the_signal_names_the_command_that_creates(db):
    heard = []

    def hear(sender, instance, using, command, **kwargs):
        heard.append((sender, instance.pk, using, command.operation_id))

    object_inserted.connect(hear)
    try:
        box = Box.objects.create()
    finally:
        object_inserted.disconnect(hear)
    assert heard == [(Box, box.pk, "default", box.history.get().operation_id)]


def test_creating_in_a_later_state_is_refused(db):
    for wrong in ({"status": "shut"}, {"version": 3}):
        with pytest.raises(ProtectedState, match=LATER):
            Crate.objects.create(**wrong)
        with pytest.raises(ProtectedState, match=LATER):
            Crate(**wrong).save()
        with pytest.raises(ProtectedState, match=LATER):
            Crate.objects.get_or_create(title="x", defaults=wrong)
        with pytest.raises(ProtectedState, match=LATER):
            Crate.objects.update_or_create(title="x", defaults=wrong)
    assert not Crate.objects.exists()


def test_a_hand_made_instance_never_writes_a_row_that_exists(crate):
    with pytest.raises(ProtectedState, match=BY_HAND), transaction.atomic():
        Crate(pk=crate.pk, title="other").save()
    with pytest.raises(ProtectedState, match=BY_HAND):
        Crate(pk=crate.pk, title="other").save(force_update=True)
    with pytest.raises(ProtectedState, match=BY_HAND):
        Crate(pk=crate.pk, title="other").save(update_fields=["title"])
    with pytest.raises(ProtectedState, match=LATER):
        Crate(pk=crate.pk, status="shut").save()
    crate.refresh_from_db()
    assert (crate.title, crate.status) == ("books", "open")
    assert len(operations_of(crate)) == 1


def test_a_hand_made_instance_with_a_new_key_is_a_new_object(db):
    letter = Letter(pk=4711)
    letter.save()
    assert len(operations_of(letter)) == 1


def test_another_broken_constraint_stays_what_it_is(crate):
    with pytest.raises(IntegrityError):
        Parcel.objects.create(title="of nobody")


def test_a_stale_save_leaves_state_version_and_history_true(crate):
    stale = Crate.objects.get()
    execute(crate.shut, by=SYSTEM)
    stale.title = "novels"
    stale.save()
    crate.refresh_from_db()
    assert (crate.title, crate.status, crate.version) == ("novels", "shut", 1)
    last = crate.history.latest()
    assert (last.title, last.status, last.version) == ("novels", "shut", 1)
    assert last.status_since == crate.status_since
    assert last.operation_id is None
    assert len(operations_of(crate)) == 2


def test_saving_what_was_put_into_the_dict_writes_no_state(crate):
    crate.__dict__["status"] = "shut"
    crate.save()
    crate.refresh_from_db()
    assert crate.status == "open"
    assert crate.history.latest().status == "open"


def test_naming_a_protected_column_in_update_fields_is_refused(crate):
    for column in ("status", "status_since", "version"):
        with pytest.raises(ProtectedState, match="only a command writes these columns"):
            crate.save(update_fields=["title", column])
    crate.save(update_fields=["title"])
    crate.save(update_fields=[])


def test_saving_a_partly_loaded_object_saves_the_loaded_part(shut_crate):
    bare = Crate.objects.only("title").get()
    bare.title = "novels"
    bare.save()
    shut_crate.refresh_from_db()
    assert (shut_crate.title, shut_crate.status) == ("novels", "shut")
    assert shut_crate.history.latest().status == "shut"


def test_update_or_create_updates_other_columns(shut_crate):
    Crate.objects.update_or_create(pk=shut_crate.pk, defaults={"title": "novels"})
    shut_crate.refresh_from_db()
    assert (shut_crate.title, shut_crate.version) == ("novels", 1)


def test_update_or_create_of_the_state_is_refused(crate):
    with pytest.raises(ProtectedState):
        Crate.objects.update_or_create(pk=crate.pk, defaults={"status": "shut"})


def test_get_or_create_finds_and_creates(crate):
    assert Crate.objects.get_or_create(title="books") == (crate, False)
    other, created = Crate.objects.get_or_create(title="novels")
    assert created
    assert len(operations_of(other)) == 1


def test_get_or_create_survives_that_another_was_faster(db, monkeypatch):
    def found_only_the_second_time(self, *args, **kwargs):
        monkeypatch.undo()
        raise Label.DoesNotExist

    label = Label.objects.create(code="A-1")
    monkeypatch.setattr(QuerySet, "get", found_only_the_second_time)
    assert Label.objects.get_or_create(code="A-1") == (label, False)


def test_an_overridden_save_is_kept(db):
    label = Label.objects.create(code="A-1", title=" a ")
    assert label.title == "a"
    execute(label.shut, by=SYSTEM)
    label.title = " b "
    label.save()
    label.refresh_from_db()
    assert (label.title, label.status, label.version) == ("b", "shut", 1)


def test_a_row_that_is_gone_is_not_brought_back(crate):
    same = Crate.objects.get()
    Crate.objects.all().delete()
    for again in ({}, {"update_fields": ["title"]}, {"force_update": True}):
        with (
            pytest.raises(ProtectedState, match=r"not in the database any more"),
            transaction.atomic(),
        ):
            same.save(**again)
    assert not Crate.objects.exists()


def test_a_deleted_instance_saved_again_is_a_new_object(db):
    letter = Letter.objects.create()
    letter.delete()
    letter.save()
    assert len(operations_of(letter)) == 1


def test_copying_by_clearing_the_key_makes_a_new_object_in_the_initial_state_only(crate):
    crate.pk, crate._state.adding = None, True
    crate.save()
    assert len(operations_of(crate)) == 1
    execute(crate.shut, by=SYSTEM)
    crate.pk = None
    with pytest.raises(ProtectedState, match=LATER):
        crate.save()
    assert Crate.objects.count() == 2


@pytest.fixture
def load(tmp_path):
    """``loaddata`` of these instances."""

    def load(*instances):
        fixture = tmp_path / "fixture.json"
        fixture.write_text(serializers.serialize("json", instances))
        call_command("loaddata", fixture, verbosity=0)

    return load


def test_a_fixture_of_new_objects_loads_and_they_are_adopted(load):
    load(Crate(title="a"), Label(code="A-1"))
    execute(Crate.objects.get().shut, by=SYSTEM)
    assert [operation.kind for operation in operations_of(Crate.objects.get())] == [
        "adopt",
        "system",
    ]


def test_a_fixture_with_a_new_row_in_a_later_state_is_refused(load):
    with pytest.raises(CommandError, match=r"no operation leads there|a new row begins in 'open'"):
        load(Crate(title="a", status="shut"))
    assert not Crate.objects.exists()


def test_a_fixture_that_moves_an_object_is_refused(load, shut_crate):
    backwards = Crate(pk=shut_crate.pk, title="novels")
    with pytest.raises(ProtectedState, match=r"A fixture does not move an object.*execute\("):
        load(backwards)
    forwards = Crate(pk=shut_crate.pk, status="open", version=2)
    with pytest.raises(ProtectedState, match=r"is 'shut' at version 1; the fixture says 'open'"):
        load(forwards)
    shut_crate.refresh_from_db()
    assert (shut_crate.title, shut_crate.status, shut_crate.version) == ("books", "shut", 1)


def test_a_fixture_that_leaves_the_state_alone_loads(load, shut_crate):
    since = shut_crate.status_since
    load(Crate(pk=shut_crate.pk, title="novels", status="shut", version=1))
    shut_crate.refresh_from_db()
    assert (shut_crate.title, shut_crate.status, shut_crate.status_since) == (
        "novels",
        "shut",
        since,
    )


def test_an_update_costs_one_query_more_than_django(db, django_assert_num_queries):
    label = Label.objects.create(code="A-1")
    with django_assert_num_queries(2):
        label.save()
