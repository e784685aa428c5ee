"""What a user may not see does not exist for that user, whatever the key of the object is."""

import pytest
from django.db.models import Q

from tests.engine.conftest import person
from tests.testapp import shapes
from tests.testapp.models import Crate, Label, Letter, Parcel, Tag
from workflows_app import SYSTEM, Role
from workflows_app.describe.sight import objects_seen, rows_seen, sees
from workflows_app.engine import execute
from workflows_app.models import EffectRun, Event, Operation

pytestmark = pytest.mark.django_db


def every_shape(user):
    """An object of every sort of key."""
    crate = Crate.objects.create(title="crate")
    return [
        Parcel.objects.create(sender=user, title="parcel", address="x"),
        crate,
        Label.objects.create(code="a/b c"),
        Tag.objects.create(crate=crate, title="tag"),
        Letter.objects.create(title="letter"),
    ]


def test_who_may_see_all_sees_the_rows_of_every_shape(sender, clerk):
    objects = every_shape(sender)
    seen = rows_seen(clerk, Operation.objects.all())
    assert {o.object_id for o in seen} == {str(obj.pk) for obj in objects}
    assert all(sees(clerk, obj) for obj in objects)


def test_who_may_see_some_sees_the_rows_of_those(sender, people):
    mine = every_shape(sender)[0]
    Parcel.objects.create(sender=people["clerk2"], title="not mine")
    assert [o.object_id for o in rows_seen(sender, Operation.objects.all())] == [str(mine.pk)]
    assert list(objects_seen(sender, Parcel.objects.all())) == [mine]


def test_a_role_by_rows_works_for_every_sort_of_key(sender, clerk, monkeypatch):
    crate, label, tag = every_shape(sender)[1:4]
    titled = Role("those who like titles", rows=lambda user: ~Q(title="letter"))
    for workflow in (shapes.CrateWorkflow, shapes.LabelWorkflow, shapes.TagWorkflow):
        monkeypatch.setattr(workflow, "workflow_seen_by", titled)
    stranger = person("stranger")
    seen = {(o.object_type, o.object_id) for o in rows_seen(stranger, Operation.objects.all())}
    assert seen == {
        ("testapp.crate", str(crate.pk)),
        ("testapp.label", "a/b c"),
        ("testapp.tag", str(tag.pk)),
    }


def test_runs_and_events_are_seen_like_their_object(shipping, sender, people):
    run = EffectRun.objects.get(effect="hand_over")
    Event.objects.create(kind="attempt", actor="system", data={}, **run.fact())
    for rows in (EffectRun.objects.all(), Event.objects.all()):
        assert set(rows_seen(sender, rows)) == set(rows)
        assert not rows_seen(people["operator"], rows).exists()


def test_the_systems_commands_show_like_any(sender, clerk):
    crate = Crate.objects.create(title="x")
    execute(crate.shut, by=SYSTEM)
    assert rows_seen(clerk, Operation.objects.filter(transition="shut")).count() == 1
    assert rows_seen(sender, Operation.objects.filter(transition="shut")).count() == 0
