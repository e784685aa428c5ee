"""The guard watches every status field of a table, and an operation covers one of them."""

import pytest
from django.db import transaction

from tests.testapp.models import Gem, Product
from workflows_app import SYSTEM
from workflows_app.contract.registry import contract_of
from workflows_app.engine import execute
from workflows_app.models import Operation
from workflows_app.models.identity import object_id_of

pytestmark = pytest.mark.django_db

FIELDS = ("status", "review_status")
LATER = {"status": "off", "review_status": "lab"}
WRITE_EXECUTE = (
    "status, status_since, review_status, review_status_since, version change only with the"
    " operation of a command"
)


@pytest.fixture
def product(db):
    return Product.objects.create(title="lamp")


def rows(product):
    return Product.objects.filter(pk=product.pk)


def write_operation(product, field, source, target, version=1):
    return Operation.objects.create(
        object_type="testapp.product",
        object_id=object_id_of(product),
        version=version,
        field=field,
        transition="by_hand",
        source=source,
        target=target,
        kind="system",
        actor="system",
        actor_label="the system",
        contract_version=contract_of(Product, field).version,
    )


@pytest.mark.parametrize("field", FIELDS)
def test_no_state_changes_without_an_operation(product, field, refused_by_database):
    with refused_by_database(WRITE_EXECUTE):
        rows(product).update(**{field: LATER[field]})
    with refused_by_database(WRITE_EXECUTE):
        rows(product).update(**{field: LATER[field], "version": 1})
    with refused_by_database(WRITE_EXECUTE):
        rows(product).update(**{f"{field}_since": "2020-01-01T00:00:00Z"})


@pytest.mark.parametrize("field", FIELDS)
def test_an_operation_moves_its_own_field(product, field):
    source = getattr(product, field)
    write_operation(product, field, source, LATER[field])
    assert rows(product).update(**{field: LATER[field], "version": 1}) == 1


@pytest.mark.parametrize("field", FIELDS)
def test_an_operation_of_one_field_is_not_ridden_for_the_other(product, field, refused_by_database):
    (other,) = set(FIELDS) - {field}
    write_operation(product, field, getattr(product, field), LATER[field])
    with refused_by_database(WRITE_EXECUTE):
        rows(product).update(**{other: LATER[other], "version": 1})


@pytest.mark.parametrize("field", FIELDS)
def test_both_states_never_change_in_one_statement(product, field, refused_by_database):
    write_operation(product, field, getattr(product, field), LATER[field])
    with refused_by_database(WRITE_EXECUTE):
        rows(product).update(**LATER, version=1)
    write_operation(product, next(one for one in FIELDS if one != field), "", "", version=2)
    with refused_by_database(WRITE_EXECUTE):
        rows(product).update(**LATER, version=2)


@pytest.mark.parametrize("field", FIELDS)
def test_an_operation_that_stays_lets_no_other_state_move(product, field, refused_by_database):
    (other,) = set(FIELDS) - {field}
    write_operation(product, field, getattr(product, field), getattr(product, field))
    with refused_by_database(WRITE_EXECUTE):
        rows(product).update(**{other: LATER[other], "version": 1})
    assert rows(product).update(version=1) == 1


def test_the_version_is_not_rewound_to_ride_an_operation_of_the_other_field(
    product, refused_by_database
):
    execute(product.review, by=SYSTEM)
    execute(product.retire, by=SYSTEM)
    with refused_by_database(WRITE_EXECUTE):
        rows(product).update(version=0)
    with refused_by_database(WRITE_EXECUTE):
        rows(product).update(version=1, status="idea")


def test_the_same_state_in_another_field_is_another_change(db, refused_by_database):
    gem = Gem.objects.create()
    operation = {"object_type": "testapp.gem", "object_id": str(gem.pk), "version": 1}
    operation |= {"transition": "by_hand", "source": "open", "target": "shut"}
    Operation.objects.create(field="front", **operation)
    for wrong in ({"back": "shut"}, {"front": "shut", "back": "shut"}):
        with refused_by_database("change only with the operation"):
            Gem.objects.update(version=1, **wrong)
    assert Gem.objects.update(version=1, front="shut") == 1


def test_every_state_of_a_new_row_is_one_in_which_its_workflow_begins(db, refused_by_database):
    begins = "a new row begins in front 'open' and back 'open' or 'shut' at version 0"
    for wrong in ({"front": "shut"}, {"front": "shut", "back": "shut"}, {"version": 1}):
        with refused_by_database(begins):
            Gem.objects.bulk_create([Gem(**wrong)])
    Gem.objects.bulk_create([Gem(), Gem(back="shut")])
    assert Gem.objects.count() == 2


def test_a_mixed_insert_leaves_nothing(db, refused_by_database):
    with refused_by_database("a new row begins in status 'idea' and review_status 'open'"):
        Product.objects.bulk_create([Product(title="a"), Product(title="b", review_status="lab")])
    assert not Product.objects.exists()


def test_what_no_status_is_changes_freely(product):
    with transaction.atomic():
        assert rows(product).update(title="other", grade="B") == 1
