"""A table that was there before its contract is adopted: every row as it stands, and untouched."""

import threading
import uuid
from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from tests.testapp.models import Crate, Label, Lead, Letter, Tag
from workflows_app import SYSTEM
from workflows_app.describe.timeline import timeline
from workflows_app.engine import execute
from workflows_app.models import Operation
from workflows_app.models.guard import lifted
from workflows_app.ops.adopt import Progress, adopt_all

pytestmark = pytest.mark.django_db

THEN = datetime(2020, 3, 1, 12, 30, 15, tzinfo=UTC)


@pytest.fixture
def old_leads(db):
    """Rows that no command has made, in every state in which the guard lets a row begin."""
    rows = [
        Lead(email=f"{n}@old.example", status=["new", "trial"][n % 2], status_since=THEN)
        for n in range(7)
    ]
    Lead.objects.bulk_create(rows)
    return list(Lead.objects.order_by("pk"))


def adopt(model="testapp.Lead", **options):
    out, err = StringIO(), StringIO()
    call_command("workflow_adopt", model, stdout=out, stderr=err, **options)
    return out.getvalue() + err.getvalue()


def test_every_row_gets_operation_0_with_its_state_and_is_not_touched(old_leads):
    before = list(Lead.objects.order_by("pk").values())
    assert "7 rows looked at, 7 adopted" in adopt(batch=3)
    assert list(Lead.objects.order_by("pk").values()) == before
    assert not Lead.history.exists()
    for lead in old_leads:
        operation = Operation.objects.get(object_id=str(lead.pk))
        assert (operation.kind, operation.transition, operation.version) == ("adopt", "adopt", 0)
        assert (operation.source, operation.target) == ("", lead.status)
        assert (operation.actor, operation.actor_label) == ("system", "the system")
        assert (operation.data, operation.key, operation.fingerprint) == ({}, None, "")
        assert operation.field == "status"


def test_an_adoption_writes_what_a_first_command_would_write(old_leads):
    lazy = old_leads[0]
    execute(lazy.lose, by=SYSTEM)
    adopt()
    mine, other = (
        Operation.objects.values().get(object_id=str(lead.pk), version=0)
        for lead in (lazy, old_leads[2])
    )
    for row in (mine, other):
        for name in ("id", "object_id", "accepted_at"):
            row.pop(name)
    assert mine == other


def test_its_ids_are_uuids_of_version_7_that_sort_by_time(old_leads):
    earlier = Operation.objects.create(
        object_type="x", object_id="1", version=0, field="status", contract_version="0"
    )
    adopt()
    ids = [operation.id for operation in Operation.objects.filter(kind="adopt")]
    assert len(set(ids)) == 7
    assert {(one.version, one.variant) for one in ids} == {(7, uuid.RFC_4122)}
    assert min(ids) > earlier.id


def test_it_goes_on_where_it_was_stopped_and_does_nothing_twice(old_leads):
    walk = adopt_all(Lead, batch=2)
    assert [next(walk), next(walk)] == [Progress(2, 2), Progress(4, 4)]
    walk.close()
    assert "7 rows looked at, 3 adopted" in adopt()
    assert "7 rows looked at, 0 adopted" in adopt()
    assert Operation.objects.count() == 7


def test_objects_that_are_known_stay_as_they_are(old_leads):
    known = Lead.objects.create(email="known@new.example")
    old_leads[1].delete()
    assert "7 rows looked at, 6 adopted" in adopt()
    assert [one.kind for one in Operation.objects.filter(object_id=str(known.pk))] == ["create"]


def test_an_adopted_object_is_moved_by_commands(old_leads):
    adopt()
    execute(old_leads[1].lose, by=SYSTEM)
    mine = Operation.objects.of("testapp.lead", str(old_leads[1].pk))
    assert [(one.kind, one.version) for one in mine] == [("adopt", 0), ("system", 1)]


@pytest.mark.parametrize(
    ("model", "rows"),
    [
        (Letter, lambda: [Letter(title=str(n)) for n in range(5)]),
        (Crate, lambda: [Crate(title=str(n)) for n in range(5)]),
        (Label, lambda: [Label(code=f"it's {n} %") for n in range(5)]),
        (Tag, lambda: [Tag(crate=one) for one in Crate.objects.bulk_create([Crate(), Crate()])]),
    ],
    ids=["integer", "uuid", "text", "borrowed uuid"],
)
def test_every_sort_of_key_is_adopted_under_the_name_python_gives_it(model, rows):
    made = model.objects.bulk_create(rows())
    adopt(model._meta.label, batch=2)
    mine = Operation.objects.filter(object_type=model._meta.label_lower)
    assert {one.object_id for one in mine} == {str(row.pk) for row in made}


def test_the_column_that_says_since_when_is_kept_and_told(old_leads):
    adopt(since="status_since")
    operation = Operation.objects.get(object_id=str(old_leads[1].pk))
    assert datetime.fromisoformat(operation.data["since"]) == THEN
    assert timeline(old_leads[1]).entries[0]["text"] == (
        "Found as it stood: On trial, since 1 March 2020."
    )


def test_what_is_no_model_no_column_no_moment_or_no_size_is_refused(old_leads):
    for model, options, fault in (
        ("testapp.Nothing", {}, "no model with a contract"),
        ("auth.User", {}, "no model with a contract"),
        ("nonsense", {}, "no model with a contract"),
        ("testapp.Lead", {"since": "nothing"}, "no field named"),
        ("testapp.Lead", {"since": "email"}, "email is no date or time"),
        ("testapp.Lead", {"batch": 0}, "at least 1"),
    ):
        with pytest.raises(CommandError, match=fault):
            adopt(model, **options)
    assert not Operation.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_states_the_contract_does_not_know_are_told_of():
    with lifted("default"):
        Lead.objects.bulk_create([Lead(email="a@old.example", status="gone")])
    assert "does not know: 'gone' (1)" in adopt()
    assert Operation.objects.get().target == "gone"


def test_an_empty_table_is_adopted_at_once():
    assert "0 rows looked at, 0 adopted" in adopt()


@pytest.mark.only_on("postgresql", "mysql")
@pytest.mark.django_db(transaction=True)
def test_a_command_beside_an_adoption_waits_for_it_and_goes_on():
    """Both write operation 0: without care, the second would fail."""
    (crate,) = Crate.objects.bulk_create([Crate()])
    outcome = []

    def shut():
        try:
            outcome.append(execute(crate.shut, by=SYSTEM).version)
        finally:
            connection.close()

    with transaction.atomic():
        assert list(adopt_all(Crate)) == [Progress(1, 1)]
        thread = threading.Thread(target=shut)
        thread.start()
        thread.join(0.5)
        assert outcome == []
    thread.join(10)
    assert outcome == [1]
    assert [one.kind for one in Operation.objects.order_by("version")] == ["adopt", "system"]


@pytest.mark.only_on("postgresql", "mysql")
@pytest.mark.django_db(transaction=True)
def test_an_adoption_beside_a_command_waits_for_it_and_goes_on():
    (crate,) = Crate.objects.bulk_create([Crate()])
    outcome = []

    def adopt_beside():
        try:
            outcome.extend(adopt_all(Crate))
        finally:
            connection.close()

    with transaction.atomic():
        execute(crate.shut, by=SYSTEM)
        thread = threading.Thread(target=adopt_beside)
        thread.start()
        thread.join(0.5)
        assert outcome == []
    thread.join(10)
    assert outcome == [Progress(1, 0)]
    assert [one.kind for one in Operation.objects.order_by("version")] == ["adopt", "system"]
