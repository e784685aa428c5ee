"""Every way round the state that reaches the database is refused there, in words."""

import uuid

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.utils import timezone

from tests.testapp.models import Box, Crate, Label, Lead
from workflows_app import SYSTEM
from workflows_app.contract.registry import contract_of
from workflows_app.engine import execute
from workflows_app.models import Operation
from workflows_app.models.identity import object_id_of

pytestmark = pytest.mark.django_db

WRITE_EXECUTE = r"only with the operation of a command\. Write execute\(obj\.<transition>"
BEGINS = r"a new row begins in 'open' at version 0.*execute\(obj\.<transition>"
HAS_A_PAST = r"has operations already.*Insert it under a new key"
NEVER_CHANGES = r"the key of a workflow object never changes.*Make a new object"


def rows_like(obj):
    return type(obj).objects.filter(pk=obj.pk)


def stored(obj):
    field = contract_of(obj).field
    return rows_like(obj).values_list(field, f"{field}_since", "version").get()


def test_a_command_moves_an_object_with_any_key(any_key):
    execute(any_key.shut, by=SYSTEM)
    assert stored(any_key)[0] == "shut"
    assert stored(any_key)[2] == 1


def test_an_update_of_other_columns_passes(any_key):
    before = stored(any_key)
    assert rows_like(any_key).update(title="b") == 1
    assert stored(any_key) == before


def test_an_update_of_the_state_is_refused(any_key, refused_by_database):
    before = stored(any_key)
    with refused_by_database(WRITE_EXECUTE):
        rows_like(any_key).update(**{contract_of(any_key).field: "shut"})
    assert stored(any_key) == before


def test_an_update_of_state_and_version_is_refused(any_key, refused_by_database):
    with refused_by_database(WRITE_EXECUTE):
        rows_like(any_key).update(**{contract_of(any_key).field: "shut", "version": 1})


def test_an_update_of_the_version_alone_is_refused(crate, refused_by_database):
    with refused_by_database(WRITE_EXECUTE):
        rows_like(crate).update(version=F("version") + 1)


def test_an_update_of_the_time_alone_is_refused(crate, refused_by_database):
    with refused_by_database(WRITE_EXECUTE):
        rows_like(crate).update(status_since=timezone.now())


def test_a_bulk_update_is_refused(crate, refused_by_database):
    crate.__dict__["status"] = "shut"
    with refused_by_database(WRITE_EXECUTE):
        Crate.objects.bulk_update([crate], ["status"])


def test_an_update_through_a_proxy_is_refused(crate, refused_by_database):
    with refused_by_database(WRITE_EXECUTE):
        Box.objects.filter(pk=crate.pk).update(status="shut")


def test_raw_sql_is_refused(crate, raw, refused_by_database):
    with refused_by_database(WRITE_EXECUTE):
        raw("UPDATE testapp_crate SET status = 'shut'")


def test_raw_sql_with_the_next_version_is_refused(crate, raw, refused_by_database):
    with refused_by_database(WRITE_EXECUTE):
        raw("UPDATE testapp_crate SET status = 'shut', version = version + 1")


@pytest.mark.only_on("sqlite")
def test_raw_sql_that_ignores_conflicts_is_refused(crate, raw, refused_by_database):
    with refused_by_database(WRITE_EXECUTE):
        raw("UPDATE OR IGNORE testapp_crate SET status = 'shut'")
    with refused_by_database(WRITE_EXECUTE):
        raw("UPDATE OR REPLACE testapp_crate SET status = 'shut'")


@pytest.mark.only_on("mysql")
@pytest.mark.parametrize("status", ["shut", "OPEN", "open "])
def test_raw_sql_that_ignores_errors_and_collations_is_refused(
    crate, raw, refused_by_database, status
):
    with refused_by_database(WRITE_EXECUTE):
        raw("UPDATE IGNORE testapp_crate SET status = %s", status)


@pytest.mark.only_on("mysql")
def test_an_operation_of_another_spelling_covers_nothing(crate, refused_by_database):
    write_operation(crate, version=1, source="open", target="SHUT")
    with refused_by_database(WRITE_EXECUTE):
        rows_like(crate).update(version=1, status="shut")


@pytest.mark.only_on("mysql")
@pytest.mark.parametrize("decoy", ["workflows_app_operation", "workflows_guard_operations"])
def test_a_decoy_in_the_session_is_not_read(crate, raw, decoy):
    """A trigger would read a temporary table; nobody can hide the table behind a view so."""
    raw(f"CREATE TEMPORARY TABLE {decoy} AS SELECT * FROM workflows_app_operation")
    try:
        raw(f"UPDATE {decoy} SET version = 1, source = 'open', target = 'shut'")
        with pytest.raises(DatabaseError), transaction.atomic():
            raw("UPDATE testapp_crate SET status = 'shut', version = 1")
    finally:
        raw(f"DROP TEMPORARY TABLE {decoy}")
    assert stored(crate)[0] == "open"


@pytest.mark.only_on("postgresql")
def test_a_decoy_of_the_operations_is_not_read(crate, raw, refused_by_database):
    raw("CREATE TEMPORARY TABLE workflows_app_operation AS TABLE public.workflows_app_operation")
    raw(
        "INSERT INTO pg_temp.workflows_app_operation (object_type, object_id, version, field,"
        " source, target) VALUES ('testapp.crate', %s, 1, 'status', 'open', 'shut')",
        object_id_of(crate),
    )
    with refused_by_database(WRITE_EXECUTE):
        raw("UPDATE testapp_crate SET status = 'shut', version = 1")


def test_rewinding_the_version_is_refused(shut_crate, refused_by_database):
    with refused_by_database(WRITE_EXECUTE):
        rows_like(shut_crate).update(version=0)
    with refused_by_database(WRITE_EXECUTE):
        rows_like(shut_crate).update(version=0, status="open")


def test_an_old_operation_cannot_be_ridden_again(shut_crate, refused_by_database):
    execute(shut_crate.reopen, by=SYSTEM)
    with refused_by_database(WRITE_EXECUTE):  # operation 1 is open -> shut
        rows_like(shut_crate).update(version=1, status="shut")
    with refused_by_database(WRITE_EXECUTE):
        rows_like(shut_crate).update(version=3, status="shut")


def test_an_operation_covers_its_own_change_and_no_other(crate, refused_by_database):
    with transaction.atomic():
        write_operation(crate, version=1, source="open", target="open")
        with refused_by_database(WRITE_EXECUTE):
            rows_like(crate).update(version=1, status="shut")
        assert rows_like(crate).update(version=1) == 1


def test_an_operation_of_another_field_or_object_covers_nothing(crate, refused_by_database):
    write_operation(crate, version=1, source="open", target="shut", field="other")
    write_operation(Crate.objects.create(), version=1, source="open", target="shut")
    with refused_by_database(WRITE_EXECUTE):
        rows_like(crate).update(version=1, status="shut")


def test_the_key_never_changes(any_key, refused_by_database):
    other = {
        "Letter": 4711,
        "Crate": uuid.uuid4(),
        "Label": "A-2",
        "Tag": Crate.objects.create().pk,
    }[type(any_key).__name__]
    with refused_by_database(NEVER_CHANGES):
        rows_like(any_key).update(**{any_key._meta.pk.name: other})


def test_bulk_create_begins_in_the_initial_state(db):
    made = Crate.objects.bulk_create([Crate(title="a"), Crate(title="b")])
    assert not Operation.objects.exists()
    execute(made[0].shut, by=SYSTEM)
    kinds = Operation.objects.of("testapp.crate", str(made[0].pk)).values_list("kind", flat=True)
    assert list(kinds) == ["adopt", "system"]


def test_bulk_create_in_a_later_state_is_refused(db, refused_by_database):
    with refused_by_database(BEGINS):
        Crate.objects.bulk_create([Crate(title="a"), Crate(title="b", status="shut")])
    with refused_by_database(BEGINS):
        Crate.objects.bulk_create([Crate(title="a", version=1)])
    assert not Crate.objects.exists()


def test_bulk_create_that_updates_conflicts_is_refused(db, refused_by_database):
    Label.objects.create(code="A-1")
    can_name_them = connection.features.supports_update_conflicts_with_target
    with refused_by_database("Write execute"):
        Label.objects.bulk_create(
            [Label(code="A-1", status="shut")],
            update_conflicts=True,
            unique_fields=["code"] if can_name_them else None,
            update_fields=["status"],
        )
    assert Label.objects.get().status == "open"


def test_a_raw_insert_in_a_later_state_is_refused(db, raw, refused_by_database):
    insert = (
        "INSERT INTO testapp_label (code, title, status, status_since, version)"
        " VALUES (%s, '', %s, CURRENT_TIMESTAMP, %s)"
    )
    with refused_by_database(BEGINS):
        raw(insert, "A-1", "shut", 0)
    with refused_by_database(BEGINS):
        raw(insert, "A-1", "open", 1)
    raw(insert, "A-1", "open", 0)
    execute(Label.objects.get().shut, by=SYSTEM)


def test_a_deleted_key_cannot_come_back(any_key, refused_by_database):
    again = type(any_key)(
        **{
            field.attname: getattr(any_key, field.attname)
            for field in any_key._meta.concrete_fields
        }
    )
    any_key.delete()
    with refused_by_database(HAS_A_PAST):
        type(any_key).objects.bulk_create([again])


@pytest.mark.only_on("sqlite", "mysql")
def test_replacing_a_row_is_refused(crate, raw, refused_by_database):
    with refused_by_database(HAS_A_PAST):
        raw("REPLACE INTO testapp_crate SELECT * FROM testapp_crate")


def write_operation(obj, **columns):
    columns = {"field": "status", **columns}
    return Operation.objects.create(
        object_type=contract_of(obj).object_type,
        object_id=object_id_of(obj),
        transition="shut",
        kind="system",
        actor="system",
        actor_label="the system",
        contract_version="0" * 12,
        **columns,
    )


def test_a_row_may_begin_where_a_command_that_creates_leads_and_nowhere_else(
    refused_by_database, db
):
    Lead.objects.bulk_create([Lead(email="a@b.example", status="trial")])
    with refused_by_database("a new row begins in 'new' or 'trial' at version 0"):
        Lead.objects.bulk_create([Lead(email="c@d.example", status="lost")])
    assert [lead.status for lead in Lead.objects.all()] == ["trial"]
