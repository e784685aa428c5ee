"""What was recorded stays as it was recorded, whoever tries to touch it."""

import pytest
from django.db import IntegrityError

from workflows_app import SYSTEM
from workflows_app.engine import execute
from workflows_app.models import EffectRun, Event, EventKind, Operation, RunState
from workflows_app.models.clock import database_now

pytestmark = pytest.mark.django_db

APPEND_ONLY = "is append-only: an .* is neither edited nor deleted.*add a new one"


@pytest.fixture
def event(crate):
    operation = execute(crate.shut, by=SYSTEM)
    run = EffectRun.objects.create(
        operation=operation,
        object_type=operation.object_type,
        object_id=operation.object_id,
        version=1,
        position=0,
        effect="tell",
        safety="replay_safe",
        state=RunState.DONE,
        due=database_now("default"),
    )
    return Event.objects.create(**run.fact(), kind=EventKind.ATTEMPT, actor="system")


@pytest.fixture(params=["operation", "event"])
def record(request, event):
    return Operation.objects.get(version=0) if request.param == "operation" else event


def test_saving_a_changed_record_is_refused(record, refused_by_database):
    record.actor = "user:1"
    with refused_by_database(APPEND_ONLY):
        record.save()


def test_saving_an_unchanged_record_is_refused_too(record, refused_by_database):
    with refused_by_database(APPEND_ONLY):
        record.save()


def test_updating_records_is_refused(record, refused_by_database):
    with refused_by_database(APPEND_ONLY):
        type(record).objects.filter(pk=record.pk).update(actor="user:1")


def test_deleting_a_record_is_refused(record, refused_by_database):
    with refused_by_database(APPEND_ONLY):
        record.delete()
    assert type(record).objects.filter(pk=record.pk).exists()


def test_an_operation_with_runs_is_protected_already_by_the_models(event):
    with pytest.raises(IntegrityError):
        event.operation.delete()


def test_raw_sql_on_records_is_refused(record, raw, refused_by_database):
    table = record._meta.db_table
    with refused_by_database(APPEND_ONLY):
        raw(f"UPDATE {table} SET actor = 'user:1'")
    with refused_by_database(APPEND_ONLY):
        raw(f"DELETE FROM {table}")


@pytest.mark.only_on("sqlite")
def test_replacing_a_record_is_refused_too(record, raw, refused_by_database):
    """INSERT OR REPLACE deletes the row it conflicts with and fires no delete trigger for it."""
    table = record._meta.db_table
    with refused_by_database(APPEND_ONLY):
        raw(f"REPLACE INTO {table} SELECT * FROM {table}")


@pytest.mark.only_on("sqlite")
@pytest.mark.parametrize("unique", ["version", "key"])
def test_an_operation_is_not_replaced_by_another_id_either(crate, raw, refused_by_database, unique):
    execute(crate.shut, by=SYSTEM, key="the key")
    table = Operation._meta.db_table
    others = {"id": f"'{'0' * 32}'"} | ({"version": "99"} if unique == "key" else {})
    columns = [column.column for column in Operation._meta.concrete_fields]
    values = ", ".join(others.get(column, column) for column in columns)
    with refused_by_database(APPEND_ONLY):
        raw(f"REPLACE INTO {table} SELECT {values} FROM {table} WHERE version = 1")
