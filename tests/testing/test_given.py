"""A test begins with a real object in the state it needs."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from tests.engine.conftest import person
from tests.testapp.models import Crate, Domain, Lead, Parcel
from workflows_app import Invalid
from workflows_app.engine import execute
from workflows_app.models import EffectRun, Operation
from workflows_app.testing import at

pytestmark = pytest.mark.django_db

THEN = datetime(2020, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def sender(db):
    return person("sender")


def test_it_stands_there_with_its_record_and_asks_for_no_effect(sender):
    parcel = at(Parcel, "shipping", sender=sender, title="books")
    stored = Parcel.objects.get(pk=parcel.pk)
    assert (parcel.status, stored.status, stored.version) == ("shipping", "shipping", 1)
    operations = Operation.objects.order_by("version")
    assert [one.kind for one in operations] == ["create", "import"]
    assert not EffectRun.objects.exists()


def test_the_guard_of_the_database_stands_before_it(sender):
    parcel = at(Parcel, "shelf", sender=sender, title="books")
    with pytest.raises(IntegrityError), transaction.atomic():
        Parcel.objects.filter(pk=parcel.pk).update(status="arrived")


def test_it_goes_on_from_there(sender):
    parcel = at(Parcel, "shelf", sender=sender, title="books")
    execute(parcel.dust, by=person("clerk", "handle_parcel"))
    assert (parcel.status, parcel.version) == ("shelf", 2)


@pytest.mark.parametrize("state", ["new", "shelf"])
def test_it_may_have_been_there_for_long(sender, state):
    parcel = at(Parcel, state, sender=sender, title="books", status_since=THEN)
    parcel.refresh_from_db()
    assert parcel.status_since == THEN


def test_in_the_initial_state_it_is_as_new_as_any(sender):
    parcel = at(Parcel, "new", sender=sender, title="books")
    assert (parcel.version, [one.kind for one in Operation.objects.all()]) == (0, ["create"])


@pytest.mark.parametrize(
    ("model", "state", "columns"),
    [
        (Lead, "new", {"email": "a@b.example"}),
        (Lead, "trial", {"email": "a@b.example", "company": "B"}),
        (Domain, "live", {"name": "b.example"}),
        (Crate, "shut", {"title": "of another kind of key"}),
    ],
)
def test_models_that_begin_by_a_command_and_keys_of_any_sort_stand_too(model, state, columns):
    obj = at(model, state, **columns)
    assert type(obj)._base_manager.get(pk=obj.pk).status == state


@pytest.mark.parametrize(
    ("state", "fault"), [("packed", "Packed needs address"), ("lost", "is no state of parcel")]
)
def test_what_could_not_stand_there_is_refused_and_not_stored(sender, state, fault):
    with pytest.raises(Invalid, match=fault):
        at(Parcel, state, sender=sender, title="books")
    assert not Parcel.objects.exists()
