"""An object with several workflows is told whole: each state, its work, and what each may do."""

import pytest

from tests.engine.conftest import person
from tests.testapp.models import Product
from workflows_app import SYSTEM
from workflows_app.describe.receipt import receipt, receipts
from workflows_app.describe.sight import objects_seen, rows_seen, sees
from workflows_app.describe.status import status, statuses
from workflows_app.describe.timeline import timeline
from workflows_app.engine import execute
from workflows_app.engine.drain import drain
from workflows_app.models import EffectRun, Operation, RunState
from workflows_app.ops import place

pytestmark = pytest.mark.django_db


@pytest.fixture
def maker():
    return person("maker", "make_product")


@pytest.fixture
def both():
    return person("both", "make_product", "test_product")


@pytest.fixture
def product():
    return Product.objects.create(title="lamp", recipe="glass")


@pytest.fixture
def reviewed(product):
    execute(product.review, by=SYSTEM)
    return product


def test_the_first_workflow_stands_at_the_top_and_each_under_its_field(reviewed):
    document = status(reviewed)
    assert (document["workflow"], document["state"], document["label"]) == (
        "launch",
        "idea",
        "An idea",
    )
    assert list(document["workflows"]) == ["status", "review_status"]
    review = document["workflows"]["review_status"]
    assert (review["workflow"], review["state"], review["waiting_on"]) == (
        "review",
        "lab",
        "the laboratory",
    )
    assert (document["version"], review["version"]) == (1, 1)
    assert document["since"] != review["since"]
    top = {name: value for name, value in document.items() if name != "workflows"}
    assert document["workflows"]["status"] == top


def test_work_belongs_to_the_workflow_that_asked_for_it(reviewed, both):
    """An effect that both ask for is told in the one whose operation asked."""
    place_passed = Product(title="other")
    place(place_passed, {"review_status": "passed"}, by=SYSTEM, reason="A test.")
    execute(place_passed.launch, by=both)
    launch, review = status(place_passed)["workflows"].values()
    assert [one["effect"] for one in launch["work"]] == ["list_in_shop", "tell_maker"]
    assert (launch["phase"], review["phase"], review["work"]) == ("queued", "settled", [])
    launch, review = status(reviewed)["workflows"].values()
    assert [one["effect"] for one in review["work"]] == ["ask_lab", "tell_maker"]
    assert (launch["phase"], review["phase"], launch["work"]) == ("needs_person", "queued", [])


def test_a_run_in_doubt_is_the_matter_of_who_owns_the_state_of_its_workflow(reviewed):
    EffectRun.objects.filter(effect="ask_lab").update(
        state=RunState.IN_DOUBT,
        failure={"code": "x", "detail": "No answer.", "kind": "unknown", "facts": {}},
    )
    review = status(reviewed)["workflows"]["review_status"]
    assert review["phase"] == "in_doubt"
    assert "A tester has to find out" in review["headline"]


def test_actions_of_all_workflows_name_their_own(product, both):
    found = {one["name"]: one for one in status(product, user=both)["actions"]}
    told = {name: one["workflow"] for name, one in found.items()}
    assert told == {
        "launch": "launch",
        "hurry": "launch",
        "retire": "launch",
        "withdraw": "launch",
        "review": "review",
        "fail_review": "review",
        "judge": "review",
    }
    assert found["fail_review"]["reasons"] == [
        {"code": "wrong_state", "detail": "Only from In the laboratory."}
    ]


def test_a_list_asks_two_questions_however_long_it_is(django_assert_num_queries):
    products = [Product.objects.create(title=f"{n}") for n in range(4)]
    for product in products[:3]:
        execute(product.review, by=SYSTEM)
    with django_assert_num_queries(1):
        documents = statuses(products)
    assert [one["workflows"]["review_status"]["phase"] for one in documents] == [
        "queued",
        "queued",
        "queued",
        "needs_person",
    ]
    assert documents[0] == status(products[0])


def test_receipt_and_timeline_name_the_workflow_of_each_operation(reviewed):
    created, review = Operation.objects.order_by("version")
    assert [one["workflow"] for one in receipts([created, review])] == ["launch", "review"]
    entries = timeline(reviewed).entries
    assert [(one["workflow"], one["text"]) for one in entries if one["type"] == "operation"] == [
        ("launch", "Created by the system."),
        ("review", "Review, by the system: Have it tested. Now: In the laboratory."),
    ]


@pytest.mark.django_db(transaction=True)
def test_what_followed_is_told_as_the_effect_of_its_workflow(reviewed, answers):
    answers["ask_lab"] = lambda product, run: {"grade": "A"}
    drain()
    told = [one["text"] for one in timeline(reviewed).entries]
    assert "Attempt 1 of 30 to ask lab succeeded." in told
    after = 'Pass review, by the system after "ask lab" was done: It is good. Now: Passed.'
    assert after in told


def test_an_adopted_object_tells_every_state():
    Product.objects.bulk_create([Product(title="old")])
    product = Product.objects.get()
    execute(product.retire, by=SYSTEM)
    assert timeline(product).entries[0]["text"] == ("Found as it stood: An idea, To be reviewed.")


def test_secrets_of_any_workflow_are_hidden_in_all(product, both):
    passed = Product(title="other")
    place(passed, {"status": "live", "review_status": "passed"}, by=SYSTEM, reason="A test.")
    recalled = execute(passed.withdraw, by=both, data={"fault": "sparks"})
    assert receipt(recalled)["data"] == {"fault": "•••"}
    assert timeline(passed).entries[-1]["data"] == {"fault": "•••"}


def test_who_sees_the_object_sees_the_rows_of_every_workflow_once(reviewed, maker):
    stranger = person("stranger")
    assert sees(maker, reviewed)
    assert not sees(stranger, reviewed)
    assert list(objects_seen(maker, Product.objects.all())) == [reviewed]
    assert rows_seen(maker, Operation.objects.all()).count() == 2
    assert rows_seen(maker, EffectRun.objects.all()).count() == 2
    assert not rows_seen(stranger, Operation.objects.all()).exists()
