"""A tombstone is the removal of what it covers, and authorises nothing else and nothing later."""

import re
import uuid

import pytest
from django.db import connection, transaction

from tests.testapp.models import Crate
from workflows_app import SYSTEM
from workflows_app.engine import execute
from workflows_app.models import (
    EffectRun,
    Event,
    EventKind,
    Operation,
    Removal,
    RunState,
    Tombstone,
)
from workflows_app.models.clock import database_now
from workflows_app.models.guard.dialects import dialect_of
from workflows_app.models.guard.triggers import wanted_triggers

pytestmark = pytest.mark.django_db

APPEND_ONLY = "is append-only"


def about(obj, kind=Removal.PRUNE, **columns):
    """A tombstone of the object's operations up to a version, not yet inserted."""
    columns = {"version": 0, "operations": 1} | columns
    return Tombstone(
        kind=kind,
        object_type="testapp.crate",
        object_id=str(obj.pk),
        actor="system",
        actor_label="the system",
        reason="older than two years",
        **columns,
    )


@pytest.fixture
def old_crate(crate):
    """Opened, shut with an effect, and emptied: versions 0 to 2."""
    execute(crate.shut, by=SYSTEM, reason="Ada asked", key="a key")
    operation = Operation.objects.get(object_id=str(crate.pk), version=1)
    run = EffectRun.objects.create(
        operation=operation, object_type=operation.object_type, object_id=operation.object_id,
        version=1, position=0, effect="tell", safety="replay_safe", state=RunState.DONE,
        due=database_now("default"),
    )  # fmt: skip
    Event.objects.create(
        **run.fact(), kind=EventKind.ATTEMPT, actor="system",
        data={"outcome": "done", "attempt": 1, "failure": {"detail": "Ada was out"}},
    )  # fmt: skip
    crate.refresh_from_db()
    execute(crate.reopen, by=SYSTEM)
    return crate


@pytest.fixture
def operations(old_crate):
    return Operation.objects.filter(object_id=str(old_crate.pk)).order_by("version")


def test_its_insert_removes_what_it_covers_and_nothing_else(old_crate, operations):
    about(old_crate, version=1, operations=2, events=1, runs=1).save()
    assert [one.version for one in operations] == [2]
    assert (Event.objects.count(), EffectRun.objects.count()) == (0, 0)
    assert Tombstone.objects.of("testapp.crate", str(old_crate.pk)).get().operations == 2
    old_crate.refresh_from_db()
    execute(old_crate.shut, by=SYSTEM)


def test_rolled_back_it_has_removed_nothing(old_crate, operations):
    with pytest.raises(RuntimeError), transaction.atomic():
        about(old_crate, version=1, operations=2, events=1, runs=1).save()
        raise RuntimeError
    assert (operations.count(), Event.objects.count(), Tombstone.objects.count()) == (3, 1, 0)


def test_an_earlier_one_authorises_no_later_deletion(
    old_crate, operations, raw, refused_by_database
):
    about(old_crate, version=0).save()
    about(old_crate, kind=Removal.ERASE, version=2, operations=2, events=1, runs=1).save()
    for records in ("workflows_app_operation WHERE version = 2", "workflows_app_event"):
        with refused_by_database(APPEND_ONLY):
            raw(f"DELETE FROM {records}")
    assert operations.count() == 2


@pytest.mark.parametrize("version", [2, 3, 10**9])
def test_the_last_operation_and_the_future_are_never_covered(
    old_crate, refused_by_database, version
):
    with refused_by_database("covers what is past"):
        about(old_crate, version=version, operations=3, events=1, runs=1).save()


def test_it_covers_no_other_object(old_crate, raw, refused_by_database):
    other = Crate.objects.create(title="other")
    about(old_crate, version=1, operations=2, events=1, runs=1).save()
    with refused_by_database(APPEND_ONLY):
        Operation.objects.filter(object_id=str(other.pk)).delete()


@pytest.mark.parametrize(
    "wrong", [{"operations": 1}, {"operations": 3}, {"events": 0}, {"runs": 2}], ids=str
)
def test_it_says_how_many_truthfully(old_crate, refused_by_database, wrong):
    numbers = {"version": 1, "operations": 2, "events": 1, "runs": 1} | wrong
    with refused_by_database("these numbers are not what is there"):
        about(old_crate, **numbers).save()


@pytest.mark.parametrize(
    "wrong", [{"reason": " "}, {"actor": ""}, {"kind": "tidy"}, {"version": None}], ids=str
)
def test_it_says_who_what_and_why(old_crate, refused_by_database, wrong):
    tombstone = about(old_crate)
    for name, value in wrong.items():
        setattr(tombstone, name, value)
    with refused_by_database("says who removes what, and why"):
        tombstone.save()


@pytest.mark.parametrize("kind", list(Removal))
@pytest.mark.parametrize(
    "unresolved",
    [{"state": "queued"}, {"state": "in_doubt"}, {"state": "failed"}, {"follow_up": "dead"}],
    ids=str,
)
def test_what_somebody_has_to_decide_yet_is_not_covered(
    old_crate, refused_by_database, kind, unresolved
):
    EffectRun.objects.update(**unresolved)
    with refused_by_database("something is still to be done"):
        about(old_crate, kind=kind, version=1, operations=2, events=1, runs=1).save()


def test_it_stays_as_it_was_written(old_crate, raw, refused_by_database):
    about(old_crate, version=0).save()
    for statement in (
        "UPDATE workflows_app_tombstone SET reason = 'none'",
        "UPDATE workflows_app_tombstone SET version = 2",
        "DELETE FROM workflows_app_tombstone",
    ):
        with refused_by_database(APPEND_ONLY):
            raw(statement)


@pytest.mark.only_on("sqlite")
def test_it_is_not_replaced_either(old_crate, raw, refused_by_database):
    about(old_crate, version=0).save()
    with refused_by_database(APPEND_ONLY):
        raw("REPLACE INTO workflows_app_tombstone SELECT * FROM workflows_app_tombstone")


def test_erasing_leaves_who_moved_what_when(old_crate, operations):
    about(old_crate, kind=Removal.ERASE, version=2, operations=3, events=1, runs=1).save()
    first, shut, again = operations
    assert [one.data for one in operations] == [{"erased": True}] * 3
    assert (shut.reason, shut.key, shut.fingerprint) == ("erased", None, "")
    assert (shut.transition, shut.target, shut.actor, first.reason) == (
        "shut",
        "shut",
        "system",
        "",
    )
    assert shut.key_hash
    assert Event.objects.get().data == {"erased": True, "outcome": "done", "attempt": 1}


def test_erasing_twice_is_as_good_as_once(old_crate, operations):
    for _ in range(2):
        about(old_crate, kind=Removal.ERASE, version=2, operations=3, events=1, runs=1).save()
    assert Event.objects.get().data == {"erased": True, "outcome": "done", "attempt": 1}


def test_what_was_erased_cannot_be_rewritten(old_crate, operations, refused_by_database):
    about(old_crate, kind=Removal.ERASE, version=2, operations=3, events=1, runs=1).save()
    for lie in ({"reason": "because"}, {"data": {}}, {"actor": "user:1"}, {"actor_label": "Bob"},
                {"source": "shut"}, {"key": "a key"}):  # fmt: skip
        with refused_by_database(APPEND_ONLY):
            operations.filter(version=1).update(**lie)
    for lie in ({"data": {}}, {"data": {"erased": True}}, {"actor": "user:1"}):
        with refused_by_database(APPEND_ONLY):
            Event.objects.update(**lie)


def test_the_name_of_one_actor_is_erased_and_no_other(user, old_crate, refused_by_database):
    crate = Crate(title="hers")
    crate._history_user = user
    crate.save()
    mine = Operation.objects.get(actor=f"user:{user.pk}")
    whole = about(crate, kind=Removal.ERASE)
    whole.object_type = whole.object_id = ""
    whole.version, whole.whose, whole.last_operation = None, mine.actor, mine.pk
    whole.save()
    mine.refresh_from_db()
    assert (mine.actor, mine.actor_label) == (f"user:{user.pk}", "erased")
    assert Operation.objects.filter(actor_label="erased").count() == 1
    later = Crate(title="later")
    later._history_user = user
    later.save()
    with refused_by_database(APPEND_ONLY):
        Operation.objects.filter(object_id=str(later.pk)).update(actor_label="erased")


def test_a_name_is_erased_up_to_an_operation_that_exists(old_crate, refused_by_database):
    tombstone = about(old_crate, kind=Removal.ERASE)
    tombstone.version, tombstone.whose = None, "system"
    tombstone.last_operation = uuid.UUID(int=2**128 - 1)
    with refused_by_database("covers what is past"):
        tombstone.save()


TEMPORARY = {
    "postgresql": "CREATE TEMPORARY TABLE {0} (LIKE {0} INCLUDING ALL)",
    "sqlite": "CREATE TEMPORARY TABLE {0} AS SELECT * FROM main.{0} WHERE 0",
}
OURS = ["workflows_app_operation", "workflows_app_event"]


@pytest.mark.only_on("postgresql", "sqlite")
@pytest.mark.parametrize("table", OURS)
def test_a_temporary_table_does_not_divert_the_removal(old_crate, raw, table):
    tombstone = about(old_crate, version=1, operations=2, events=1, runs=1)
    raw(TEMPORARY[connection.vendor].format(table))
    try:
        tombstone.save()
    finally:
        raw(f"DROP TABLE {'pg_temp.' if connection.vendor == 'postgresql' else ''}{table}")
    assert Operation.objects.filter(object_id=str(old_crate.pk)).count() == 1
    assert Event.objects.count() == 0


@pytest.mark.only_on("mysql")
@pytest.mark.parametrize(
    ("table", "kind"),
    [*((one, kind) for one in OURS for kind in Removal), (EffectRun._meta.db_table, Removal.PRUNE)],
)
def test_a_removal_that_a_temporary_table_diverts_is_refused(
    old_crate, operations, raw, refused_by_database, table, kind
):
    tombstone = about(old_crate, kind=kind, version=1, operations=2, events=1, runs=1)
    raw(f"CREATE TEMPORARY TABLE {table} AS SELECT * FROM {table} WHERE 0")
    try:
        with refused_by_database("was not removed|foreign key constraint"):
            tombstone.save()
    finally:
        raw(f"DROP TEMPORARY TABLE {table}")
    assert [one.version for one in operations] == [0, 1, 2]
    assert (Event.objects.count(), EffectRun.objects.count(), Tombstone.objects.count()) == (
        1,
        1,
        0,
    )


@pytest.mark.only_on("mysql")
def test_no_trigger_writes_through_a_view():
    """A temporary table with the name of that view would end the server."""
    dialect = dialect_of(connection)
    written = re.compile(r"(?:DELETE FROM|UPDATE|INSERT INTO) `workflows_guard_")
    for trigger in wanted_triggers(dialect).values():
        assert not written.search(dialect.create(trigger)[-1])
