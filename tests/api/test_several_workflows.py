"""Several workflows, and a command of several declarations, over HTTP."""

import pytest

from tests.engine.conftest import person
from tests.testapp.models import Gem, Product
from workflows_app import SYSTEM
from workflows_app.engine import execute
from workflows_app.models import Operation
from workflows_app.ops import place

from .conftest import new_key

pytestmark = pytest.mark.django_db

PRODUCTS = "/api/v1/products/"


@pytest.fixture
def both():
    return person("both", "make_product", "test_product", "add_product")


@pytest.fixture
def client(as_user, both):
    return as_user(both)


@pytest.fixture
def product():
    return Product.objects.create(title="lamp", recipe="glass")


@pytest.fixture
def live():
    product = Product(title="lamp")
    place(product, {"status": "live", "review_status": "passed"}, by=SYSTEM, reason="A test.")
    return product


def post(client, product, command, data=None, **headers):
    sent = {"Idempotency-Key": new_key()} | {n.replace("_", "-"): v for n, v in headers.items()}
    return client.post(f"{PRODUCTS}{product.pk}/{command}/", data or {}, headers=sent)


def test_commands_of_every_workflow_have_their_address(client, product):
    response = post(client, product, "judge", {"grade": "A"})
    assert response.status_code == 200
    operation, shown = response.json()["operation"], response.json()["object"]
    assert (operation["workflow"], operation["source"], operation["target"]) == (
        "review",
        "open",
        "passed",
    )
    assert shown["workflow"]["workflows"]["review_status"]["state"] == "passed"
    assert post(client, product, "launch").status_code == 202


def test_an_object_has_one_tag_for_all_its_workflows(client, product):
    seen = client.get(f"{PRODUCTS}{product.pk}/")
    assert seen.headers["ETag"].startswith('"0.')
    moved = post(client, product, "judge", {"grade": "A"}, If_Match=seen.headers["ETag"])
    assert moved.headers["ETag"].startswith('"1.')
    stale = post(client, product, "retire", If_Match=seen.headers["ETag"])
    assert stale.status_code == 412
    assert post(client, product, "retire", If_Match=moved.headers["ETag"]).status_code == 200


def test_a_refusal_tells_the_state_in_the_workflow_of_the_command(client, product):
    execute(product.review, by=SYSTEM)
    refused = post(client, product, "judge", {"grade": "A"}).json()
    assert refused["current"]["state"] == "lab"
    names = {one["name"]: one["workflow"] for one in refused["current"]["actions"]}
    assert names["judge"] == "review"
    assert post(client, product, "launch").json()["current"]["state"] == "idea"


def test_no_state_field_is_written_by_a_client(client):
    for field in ("status", "review_status", "review_status_since", "version"):
        response = client.post(
            PRODUCTS, {"title": "a", field: "lab"}, headers={"Idempotency-Key": new_key()}
        )
        assert response.status_code == 422, response.json()
        assert response.json()["errors"][0]["pointer"] == f"#/{field}"
    assert not Product.objects.exists()


def test_the_command_of_a_later_workflow_creates(client):
    headers = {"Idempotency-Key": new_key()}
    response = client.post("/api/v1/gems/", {}, headers=headers)
    assert response.status_code == 201
    gem = Gem.objects.get()
    assert (gem.front, gem.back) == ("open", "shut")
    assert response.json()["operation"]["workflow"] == "back"
    assert Operation.objects.get().field == "back"


def test_a_list_has_every_workflow_and_hides_secrets(client, product):
    (shown,) = client.get(PRODUCTS).json()["results"]
    assert list(shown["workflow"]["workflows"]) == ["status", "review_status"]
    assert shown["recipe"] == "•••"
    assert "actions" not in shown["workflow"]


def test_the_timeline_names_workflows(client, product):
    post(client, product, "judge", {"grade": "A"})
    entries = client.get(f"{PRODUCTS}{product.pk}/timeline/").json()["results"]
    assert [one["workflow"] for one in entries] == ["launch", "review"]


def test_a_command_asks_for_the_data_and_the_version_that_hold_here(client, product, live):
    assert post(client, live, "withdraw", {"fault": "sparks"}).status_code == 428
    tag = client.get(f"{PRODUCTS}{live.pk}/").headers["ETag"]
    assert post(client, live, "withdraw", If_Match=tag).status_code == 422
    assert post(client, live, "withdraw", {"fault": "sparks"}, If_Match=tag).status_code == 202
    assert post(client, product, "withdraw", {"fault": "sparks"}).status_code == 422
    assert post(client, product, "withdraw").status_code == 200


def test_where_none_holds_it_is_no_matter_of_data(client, product):
    execute(product.retire, by=SYSTEM)
    refused = post(client, product, "withdraw", {"what": "ever"}, If_Match="*")
    assert refused.status_code == 409
    assert refused.json()["detail"] == "Only from An idea or On sale."


def test_only_those_of_the_declaration_that_holds_may(as_user, product, live):
    tester = as_user(person("tester", "test_product"))
    assert post(tester, product, "withdraw").status_code == 403
    assert post(tester, live, "withdraw", {"fault": "a"}, If_Match="*").status_code == 202


def test_options_show_the_data_that_holds_here(client, product, live):
    def asked(obj):
        described = client.options(f"{PRODUCTS}{obj.pk}/withdraw/").json()
        return described.get("actions", {}).get("POST", {})

    assert (list(asked(product)), list(asked(live))) == ([], ["fault"])
