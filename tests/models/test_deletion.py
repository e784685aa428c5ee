"""An object is not deleted while something is still to be done for it."""

import threading

import pytest
from django.db import connection, transaction
from django.db.models import ProtectedError

from tests.testapp.models import Box, Crate, Parcel, Tag
from workflows_app import SYSTEM
from workflows_app.engine import execute
from workflows_app.models import EffectRun, Operation, RunState
from workflows_app.models.clock import database_now

pytestmark = pytest.mark.django_db

REFUSED = r"cannot be deleted while something is still to be done for it: tell \(queued\)\. Wait"


@pytest.fixture
def run(shut_crate):
    operation = Operation.objects.get(version=1)
    return EffectRun.objects.create(
        operation=operation,
        object_type=operation.object_type,
        object_id=operation.object_id,
        version=1,
        position=0,
        effect="tell",
        safety="replay_safe",
        state=RunState.QUEUED,
        due=database_now("default"),
    )


def test_an_object_with_open_runs_is_not_deleted(shut_crate, run):
    for delete in (
        shut_crate.delete,
        Crate.objects.all().delete,
        Box.objects.all().delete,
        Box.objects.get().delete,
    ):
        with pytest.raises(ProtectedError, match=REFUSED) as refusal, transaction.atomic():
            delete()
        assert refusal.value.protected_objects == {run}
    assert Crate.objects.exists()


def test_an_object_whose_runs_are_settled_is_deleted_and_its_operations_stay(shut_crate, run):
    EffectRun.objects.update(state=RunState.DONE)
    shut_crate.delete()
    assert not Crate.objects.exists()
    assert [one.kind for one in Operation.objects.order_by("version")] == [
        "create",
        "system",
        "delete",
    ]


def test_open_runs_of_another_object_do_not_matter(run):
    Crate.objects.create().delete()
    assert Crate.objects.count() == 1


def test_an_object_that_another_deletion_takes_along_is_looked_at_too(run, shut_crate):
    tag = Tag.objects.create(crate=Crate.objects.create())
    operation = execute(tag.shut, by=SYSTEM)
    run.pk = None
    EffectRun.objects.create(
        operation=operation,
        object_type=operation.object_type,
        object_id=operation.object_id,
        version=1,
        position=0,
        effect="tell",
        safety="replay_safe",
        state=RunState.IN_DOUBT,
        due=database_now("default"),
    )
    with pytest.raises(ProtectedError, match=r"Tag .* tell \(in doubt\)"), transaction.atomic():
        tag.crate.delete()


@pytest.mark.only_on("postgresql", "mysql")
@pytest.mark.django_db(transaction=True)
def test_a_deletion_waits_for_the_command_that_asks_for_an_effect(user):
    """Without the lock, the deletion would look before the command commits and delete after."""
    parcel = Parcel.objects.create(sender=user, title="shelf", address="Main Street 1")
    asked, outcome = threading.Event(), []

    def delete():
        try:
            parcel_again = Parcel.objects.get(pk=parcel.pk)
            asked.set()
            parcel_again.delete()
            outcome.append("deleted")
        except ProtectedError:
            outcome.append("refused")
        finally:
            connection.close()

    with transaction.atomic():
        Parcel.objects.select_for_update().get(pk=parcel.pk)
        thread = threading.Thread(target=delete)
        thread.start()
        assert asked.wait(10)
        thread.join(0.3)
        assert outcome == []
        operation = Operation.objects.get()
        EffectRun.objects.create(
            operation=operation,
            object_type=operation.object_type,
            object_id=operation.object_id,
            version=0,
            position=0,
            effect="tell",
            safety="replay_safe",
            state=RunState.QUEUED,
            due=database_now("default"),
        )
    thread.join(10)
    assert outcome == ["refused"]


def last_operation():
    return Operation.objects.order_by("version").last()


def test_a_deletion_is_the_last_operation_of_its_object(shut_crate):
    crate_id = str(shut_crate.pk)
    shut_crate.delete()
    deletion = last_operation()
    assert (deletion.kind, deletion.transition, deletion.version) == ("delete", "delete", 2)
    assert (deletion.source, deletion.target) == ("shut", "shut")
    assert (deletion.object_id, deletion.actor) == (crate_id, "system")
    assert Crate.history.latest().operation_id == deletion.id


def test_a_deletion_says_what_the_database_says_and_not_what_the_instance_remembers(crate):
    stale = Crate.objects.get()
    execute(crate.shut, by=SYSTEM)
    stale.delete()
    assert (last_operation().version, last_operation().source) == (2, "shut")
    assert Crate.history.latest().status == "shut"


@pytest.mark.parametrize("of", [Crate, Box])
def test_a_queryset_deletes_each_with_an_operation_of_its_own(of):
    Crate.objects.create(title="one")
    Crate.objects.create(title="two")
    of.objects.all().delete()
    assert Operation.objects.filter(kind="delete", version=1).count() == 2


def test_an_object_that_was_never_recorded_is_adopted_and_then_deleted():
    (crate,) = Crate.objects.bulk_create([Crate(title="old")])
    crate.delete()
    operations = Operation.objects.order_by("version")
    assert [one.kind for one in operations] == ["adopt", "delete"]


def test_every_sort_of_key_is_deleted_with_its_operation(any_key):
    model, key = type(any_key), str(any_key.pk)
    any_key.delete()
    deletion = Operation.objects.get(kind="delete", object_type=model._meta.label_lower)
    assert deletion.object_id == key


def test_the_key_of_a_deleted_object_is_never_used_again(shut_crate, refused_by_database):
    crate_id = shut_crate.pk
    shut_crate.delete()
    with refused_by_database("this key has operations already"):
        Crate.objects.bulk_create([Crate(id=crate_id)])
    with refused_by_database("this key has operations already"):
        Crate.objects.create(id=crate_id)


def test_a_deletion_is_by_whoever_is_known(shut_crate, user):
    shut_crate._history_user, shut_crate._change_reason = user, "A test."
    shut_crate.delete()
    deletion = last_operation()
    assert (deletion.actor, deletion.actor_label) == (f"user:{user.pk}", "ada")
    assert deletion.reason == "A test."


def test_a_deletion_that_fails_leaves_no_operation(shut_crate):
    with pytest.raises(RuntimeError), transaction.atomic():
        shut_crate.delete()
        raise RuntimeError
    assert Crate.objects.exists()
    assert not Operation.objects.filter(kind="delete").exists()
