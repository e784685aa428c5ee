"""Fixtures: a dump is loaded with its past, and none says of an object what its records do not."""

import io
import json
from pathlib import Path

import pytest
from django.core import serializers
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test import TestCase

from tests.testapp.models import Crate, Gem, Product
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
from workflows_app.models.guard import missing

NEW_CRATES = str(Path(__file__).parent / "fixtures" / "new_crates.json")

APPS = ("workflows_app", "testapp")
MODELS = (Operation, Event, EffectRun, Tombstone, Crate, Product, Gem)
MANAGERS = (*(model.objects for model in MODELS), Crate.history)


def test_a_dump_is_loaded_with_its_whole_past(past, dump, load):
    fixture = dump()
    before = rows()
    assert all(before.values())
    load(fixture)
    assert rows() == before
    assert missing("default") == []
    crate = Crate.objects.get(title="shut")
    with pytest.raises(IntegrityError, match="execute"), transaction.atomic():
        Crate.objects.filter(pk=crate.pk).update(status="open")
    with pytest.raises(IntegrityError, match="begins in 'open'"), transaction.atomic():
        Crate.objects.bulk_create([Crate(status="shut")])
    execute(crate.reopen, by=SYSTEM)
    assert Operation.objects.of("testapp.crate", str(crate.pk)).count() == 3


def test_a_dump_comes_through_a_pipe(past, dump, load, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(dump())))
    call_command("flush", interactive=False, verbosity=0)
    call_command("loaddata", "-", format="json", verbosity=0)
    assert Crate.objects.get(title="shut").version == 1


LIES = {
    "another state": (
        "testapp.crate", "shut", {"status": "open"},
        "its status is 'open', and its operations lead to 'shut'",
    ),
    "another version": (
        "testapp.crate", "shut", {"version": 7},
        "it is at version 7, and its last operation at 1",
    ),
    "another state of its second workflow": (
        "testapp.product", "lamp", {"review_status": "passed"},
        "its review_status is 'passed', and its operations lead to 'lab'",
    ),
    "another state of its first workflow": (
        "testapp.product", "lamp", {"status": "live"},
        "its status is 'live', and its operations lead to 'idea'",
    ),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_row_that_stands_elsewhere_than_its_operations_refuses_the_load(past, dump, load, lie):
    model, title, fields, words = LIES[lie]
    fixture = dump()
    (row,) = (r for r in fixture if r["model"] == model and r["fields"]["title"] == title)
    row["fields"] |= fields
    refused(load, fixture, rf"{row['pk']}: {words}")


def test_a_row_in_a_later_state_without_operations_refuses_the_load(past, dump, load):
    fixture = [row for row in dump() if row["model"] == "testapp.crate"]
    refused(load, fixture, "it stands at status 'shut', version .*, and no operation leads there")


def test_a_row_that_its_operations_deleted_refuses_the_load(past, dump, load):
    fixture = dump()
    (deletion,) = (row["fields"] for row in fixture if row["fields"].get("kind") == "delete")
    (crate,) = (
        r for r in fixture if r["model"] == "testapp.crate" and r["fields"]["title"] == "old"
    )
    crate["pk"] = deletion["object_id"]
    refused(load, fixture, f"{deletion['object_id']}: its last operation deleted it")


@pytest.mark.parametrize("kind", ["prune", "erase"])
def test_a_tombstone_of_what_is_there_refuses_the_load(past, dump, load, kind):
    fixture = dump()
    crate = Crate.objects.get(title="shut")
    (tombstone,) = (r for r in fixture if r["fields"].get("kind") == kind)
    tombstone["fields"] |= {"object_id": str(crate.pk), "version": 1}
    refused(load, fixture, f"{tombstone['pk']}: what it says is gone is there")


def test_records_that_are_there_already_are_not_loaded_over(past, dump):
    before = rows()
    with pytest.raises(IntegrityError, match="append-only"):
        call_command("loaddata", dump.path(), verbosity=0)
    assert rows() == before


@pytest.mark.django_db
def test_a_dump_in_a_transaction(tmp_path, past_in_a_transaction):
    """As in a TestCase: everywhere but on MariaDB, whose transaction must not be ended by it."""
    Crate.objects.create(title="before")
    if connection.features.can_rollback_ddl:
        call_command("loaddata", past_in_a_transaction, verbosity=0)
        assert Crate.objects.get(title="shut").version == 1
        assert missing("default") == []
    else:
        with pytest.raises(CommandError, match="outside of one .in tests: TransactionTestCase"):
            call_command("loaddata", past_in_a_transaction, verbosity=0)
        assert [crate.title for crate in Crate.objects.all()] == ["before"]


class FixturesOfATestCase(TestCase):
    """Django loads them inside the transaction of the class."""

    fixtures = [NEW_CRATES]

    def test_new_objects_are_loaded_and_adopted_by_their_first_command(self):
        crate = Crate.objects.get()
        self.assertFalse(Operation.objects.exists())
        execute(crate.shut, by=SYSTEM)
        self.assertEqual(
            [one.kind for one in Operation.objects.order_by("version")], ["adopt", "system"]
        )
        self.assertEqual(missing("default"), [])


@pytest.fixture
def past(transactional_db):
    """Objects with every sort of record: effects, a deletion, an adoption, both tombstones."""
    write_past()


def write_past():
    shut = Crate.objects.create(title="shut")
    execute(shut.shut, by=SYSTEM, reason="Ada asked", key="a key")
    with_a_run(shut)
    Crate.objects.create(title="gone").delete()
    for title, kind in (("old", Removal.PRUNE), ("hers", Removal.ERASE)):
        crate = Crate.objects.create(title=title)
        execute(crate.shut, by=SYSTEM)
        Tombstone.objects.create(
            kind=kind, object_type="testapp.crate", object_id=str(crate.pk), version=0,
            operations=1, actor="system", actor_label="the system", reason="two years",
        )  # fmt: skip
    lamp = Product.objects.create(title="lamp")
    execute(lamp.review, by=SYSTEM)
    Gem.objects.bulk_create([Gem(back="shut")])
    execute(Gem.objects.get().shut_front, by=SYSTEM)


def with_a_run(crate):
    operation = Operation.objects.get(object_id=str(crate.pk), version=1)
    run = EffectRun.objects.create(
        operation=operation, object_type=operation.object_type, object_id=operation.object_id,
        version=1, position=0, effect="tell", safety="replay_safe", state=RunState.DONE,
        due=database_now("default"),
    )  # fmt: skip
    Event.objects.create(
        **run.fact(), kind=EventKind.ATTEMPT, actor="system", data={"outcome": "done"}
    )


@pytest.fixture
def dump(tmp_path):
    """The rows of a dump; ``dump.path()`` is the file of it."""

    def path():
        output = str(tmp_path / "dump.json")
        call_command("dumpdata", *APPS, output=output, verbosity=0)
        return output

    def dump():
        return json.loads(Path(path()).read_text())

    dump.path = path
    return dump


@pytest.fixture
def load(tmp_path):
    """Empty the database and load these rows."""

    def load(fixture):
        path = tmp_path / "fixture.json"
        path.write_text(json.dumps(fixture))
        call_command("flush", interactive=False, verbosity=0)
        call_command("loaddata", path, verbosity=0)

    return load


@pytest.fixture
def past_in_a_transaction(db, tmp_path):
    """The file of a dump, whose objects were never there."""
    output = str(tmp_path / "dump.json")
    with pytest.raises(RuntimeError), transaction.atomic():
        write_past()
        call_command("dumpdata", *APPS, output=output, verbosity=0)
        raise RuntimeError
    return output


def rows():
    """Every row as a fixture has it, with times to the millisecond."""
    return {model: json.loads(as_text(of_model)) for model, of_model in all_rows()}


def as_text(of_model):
    """A fixture says ``.000`` of a time that has microseconds and no millisecond, once."""
    return serializers.serialize("json", of_model).replace('.000Z"', 'Z"')


def all_rows():
    return [(one.model, one.all().order_by("pk")) for one in MANAGERS]


def refused(load, fixture, words):
    with pytest.raises(CommandError, match=words):
        load(fixture)
    assert not any(rows().values())
    assert missing("default") == []
