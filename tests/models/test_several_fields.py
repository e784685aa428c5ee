"""A model with several workflows: save() writes no state of any of them, history tells them all."""

import pytest
from django.core import serializers
from django.db.models import ProtectedError

from tests.testapp.models import Gem, Product
from workflows_app import SYSTEM, ProtectedState
from workflows_app.engine import execute
from workflows_app.models import Operation

pytestmark = pytest.mark.django_db


@pytest.fixture
def product(db):
    return Product.objects.create(title="lamp")


def test_each_state_has_its_own_time_and_all_have_one_version(product):
    began = product.status_since
    execute(product.review, by=SYSTEM)
    assert (product.status, product.review_status, product.version) == ("idea", "lab", 1)
    assert product.status_since == began < product.review_status_since
    execute(product.retire, by=SYSTEM)
    assert (product.status, product.review_status, product.version) == ("off", "lab", 2)
    assert product.status_since > product.review_status_since


def test_a_save_writes_no_state_of_any_workflow(product):
    execute(Product.objects.get().review, by=SYSTEM)
    product.title = "other"
    product.save()
    product.refresh_from_db()
    assert (product.title, product.review_status, product.version) == ("other", "lab", 1)
    assert [one.review_status for one in product.history.all()] == ["lab", "lab", "open"]


@pytest.mark.parametrize("field", ["status", "review_status", "review_status_since", "version"])
def test_no_protected_column_is_assigned_or_named(product, field):
    with pytest.raises(ProtectedState):
        setattr(product, field, getattr(product, field))
    with pytest.raises(ProtectedState):
        product.save(update_fields=[field])


@pytest.mark.parametrize("later", [{"status": "live"}, {"review_status": "lab"}, {"version": 1}])
def test_a_new_object_begins_where_every_workflow_begins(later):
    with pytest.raises(ProtectedState, match="A new product begins in"):
        Product(title="a", **later).save()
    assert not Operation.objects.exists()


def test_a_fixture_does_not_move_an_object_in_any_workflow(product):
    fixture = serializers.serialize("json", [product])
    execute(product.review, by=SYSTEM)
    (loaded,) = serializers.deserialize("json", fixture)
    with pytest.raises(ProtectedState, match="A fixture does not move an object"):
        loaded.save()


def test_an_object_is_deleted_once_with_a_record(product):
    product.delete()
    deleted = Operation.objects.get(kind="delete")
    assert (deleted.version, deleted.field, deleted.source, deleted.target) == (
        1,
        "status",
        "idea",
        "idea",
    )


def test_an_open_run_of_any_workflow_keeps_the_object(product):
    execute(product.review, by=SYSTEM)
    with pytest.raises(ProtectedError, match="ask_lab"):
        product.delete()


def test_a_deleted_row_that_came_another_way_is_adopted_with_all_its_states():
    Gem.objects.bulk_create([Gem(back="shut")])
    Gem.objects.get().delete()
    adopted, deleted = Operation.objects.order_by("version")
    assert (adopted.kind, adopted.field, adopted.target) == ("adopt", "front", "open")
    assert adopted.data == {"states": {"back": "shut"}}
    assert (deleted.kind, deleted.source) == ("delete", "open")
