"""Objects with several workflows are placed and adopted with all their states."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tests.testapp.models import Gem, Product
from tests.testapp.several import Lid, Review
from workflows_app import SYSTEM, Invalid
from workflows_app.engine import execute
from workflows_app.models import Operation
from workflows_app.models.guard import lifted
from workflows_app.ops import place, place_all

pytestmark = pytest.mark.django_db

THEN = datetime(2020, 3, 1, 12, tzinfo=UTC)
WHY = {"by": SYSTEM, "reason": "Import."}
BOTH = {"status": "live", "review_status": "passed"}


def told():
    operations = Operation.objects.order_by("object_id", "version")
    return [(o.version, o.field, o.kind, o.source, o.target) for o in operations]


def test_several_states_are_an_operation_each():
    product = Product(title="lamp")
    last = place(product, dict(reversed(BOTH.items())), since=THEN, **WHY)
    product.refresh_from_db()
    assert (product.status, product.review_status, product.version) == ("live", "passed", 2)
    assert product.status_since == product.review_status_since == THEN
    assert told() == [
        (0, "status", "create", "", "idea"),
        (1, "status", "import", "idea", "live"),
        (2, "review_status", "import", "open", "passed"),
    ]
    assert last.version == 2
    assert [one.version for one in product.history.all()] == [2, 1, 0]


@pytest.mark.parametrize("state", ["passed", Review.PASSED, {"review_status": "passed"}])
def test_one_state_is_placed_in_the_workflow_that_has_it(state):
    product = Product(title="lamp")
    place(product, state, **WHY)
    assert (product.status, product.review_status, product.version) == ("idea", "passed", 1)
    assert told()[-1] == (1, "review_status", "import", "open", "passed")


def test_a_state_that_several_workflows_have_is_named_with_its_field():
    for state in ("shut", Lid.SHUT):
        with pytest.raises(Invalid, match="{'front': 'shut'} or {'back': 'shut'}"):
            place(Gem(), state, **WHY)
    place(Gem(), {"front": Lid.SHUT}, **WHY)
    assert Gem.objects.get().front == "shut"


@pytest.mark.parametrize(
    ("state", "fault"),
    [
        ("lost", "'lost' is no state of launch or review"),
        ({"statsu": "live"}, r"Name states by their fields \(status, review_status\)"),
        ({}, "Name states by their fields"),
        ({"status": "passed"}, "'passed' is no state of launch: idea, live, off"),
        ({"status": "live", "review_status": "failed"}, "Failed needs fault"),
    ],
)
def test_what_does_not_fit_is_refused_and_writes_nothing(state, fault):
    product = Product(title="lamp")
    with pytest.raises(Invalid, match=fault):
        place(product, state, **WHY)
    assert not Product.objects.exists()
    assert not Operation.objects.exists()
    place(product, BOTH, **WHY)


def test_many_are_placed_each_in_all_the_states_it_was_built_with():
    built = [
        {},
        {"status": "live"},
        {"review_status": "lab"},
        {"status": "off", "review_status": "failed", "fault": "sparks"},
    ]
    products = [Product(title=f"{n}", **said) for n, said in enumerate(built)]
    assert place_all(products, **WHY) == 4
    rows = Product.objects.order_by("title").values_list("status", "review_status", "version")
    assert list(rows) == [
        ("idea", "open", 1),
        ("live", "open", 1),
        ("idea", "lab", 1),
        ("off", "failed", 2),
    ]
    assert told()[-3:] == [
        (0, "status", "create", "", "idea"),
        (1, "status", "import", "idea", "off"),
        (2, "review_status", "import", "open", "failed"),
    ]
    assert {one.operation_id for one in Product.history.all()} <= set(
        Operation.objects.filter(kind="import").values_list("pk", flat=True)
    )
    execute(products[1].retire, by=SYSTEM)
    with pytest.raises(Invalid, match="Failed needs fault"):
        place_all([Product(title="a", review_status=Review.FAILED)], **WHY)


def test_a_data_migration_places_rows_of_both():
    apps = MigrationExecutor(connection).loader.project_state().apps
    rows = [apps.get_model("testapp", "Product")(title="old", **BOTH)]
    assert place_all(rows, **WHY) == 1
    product = Product.objects.get()
    assert (product.status, product.review_status, product.version) == ("live", "passed", 2)


@pytest.fixture
def old_products():
    Product.objects.bulk_create([Product(title=f"{n}") for n in range(3)])
    first = Product.objects.order_by("pk").first()
    with lifted("default", only="update"):
        Product.objects.filter(pk=first.pk).update(**BOTH, status_since=THEN)
    return list(Product.objects.order_by("pk"))


def adopt(**options):
    out, err = StringIO(), StringIO()
    call_command("workflow_adopt", "testapp.Product", stdout=out, stderr=err, **options)
    return out.getvalue() + err.getvalue()


@pytest.mark.django_db(transaction=True)
def test_an_adopted_table_has_every_state_in_operation_0(old_products):
    assert "3 rows looked at, 3 adopted" in adopt(batch=2)
    assert told() == [
        (0, "status", "adopt", "", "live"),
        (0, "status", "adopt", "", "idea"),
        (0, "status", "adopt", "", "idea"),
    ]
    found = [one.data for one in Operation.objects.order_by("object_id")]
    assert found == [{"states": {"review_status": one}} for one in ("passed", "open", "open")]
    assert "3 rows looked at, 0 adopted" in adopt()
    execute(old_products[0].retire, by=SYSTEM)


@pytest.mark.django_db(transaction=True)
def test_a_column_with_the_time_is_kept_beside_the_states(old_products):
    adopt(since="status_since")
    data = Operation.objects.order_by("object_id").first().data
    assert data["states"] == {"review_status": "passed"}
    assert datetime.fromisoformat(data["since"]) == THEN


@pytest.mark.django_db(transaction=True)
def test_an_adoption_writes_what_a_first_command_would_write(old_products):
    execute(old_products[1].retire, by=SYSTEM)
    adopt()
    mine, other = (
        Operation.objects.values().get(object_id=str(one.pk), version=0) for one in old_products[1:]
    )
    for row in (mine, other):
        for name in ("id", "object_id", "accepted_at"):
            row.pop(name)
    assert mine == other


@pytest.mark.django_db(transaction=True)
def test_states_the_contract_does_not_know_are_told_of_each_workflow(old_products):
    with lifted("default", only="update"):
        Product.objects.filter(pk=old_products[2].pk).update(review_status="melted")
    assert "does not know: 'melted' (1)" in adopt()
