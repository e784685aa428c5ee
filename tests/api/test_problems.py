"""Everything that goes wrong under the prefix is a problem, whoever noticed it."""

import json
import re
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.test import Client
from rest_framework import exceptions
from rest_framework.test import APIClient

from tests.testapp.views import ParcelViewSet
from workflows_app import NotAllowed, TryAgain
from workflows_app.api.problems import TYPES, exception_handler
from workflows_app.failures import Reason

from .conftest import command

pytestmark = pytest.mark.django_db

PROBLEM = "application/problem+json"
DOCS = Path(__file__).parents[2] / "docs" / "http.md"


def assert_problem(response, status):
    assert response.status_code == status
    assert response.headers["Content-Type"] == PROBLEM
    body = response.json()
    assert body["status"] == status
    assert body["type"]
    assert body["title"]
    assert body["detail"]
    return body


@pytest.mark.parametrize("accept", ["text/html", "*/*", "application/json", PROBLEM, "text/csv"])
def test_whatever_the_client_prefers_an_error_is_a_problem(by_clerk, parcel, accept):
    status = 406 if accept == "text/csv" else 409
    assert_problem(command(by_clerk, parcel, "ship", Accept=accept), status)


def test_who_prefers_problems_gets_plain_json_when_there_is_none(by_clerk, parcel):
    response = by_clerk.get(f"/api/v1/parcels/{parcel.pk}/", headers={"Accept": PROBLEM})
    assert (response.status_code, response.headers["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("path", ["/api/v1/nothing/", "/api/nothing", "/api/v1/parcels/1/2/3/"])
@pytest.mark.parametrize("debug", [True, False])
def test_an_unknown_address_is_a_problem(client, settings, path, debug):
    settings.DEBUG = debug
    body = assert_problem(client.get(path, headers={"Accept": "text/html"}), 404)
    assert body["type"] == "about:blank"
    assert body["title"] == "Not Found"


def test_outside_the_prefix_pages_stay_pages(client):
    response = client.get("/nothing/")
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith("text/html")


def test_the_prefix_is_a_setting(client, settings):
    settings.WORKFLOWS = {"API_PREFIX": "/services/"}
    assert client.get("/api/nothing").headers["Content-Type"].startswith("text/html")
    assert_problem(client.get("/services/nothing"), 404)


def test_a_crash_is_a_problem_that_tells_nothing_of_the_inside(by_clerk, parcel, monkeypatch):
    def crash(*args, **kwargs):
        raise ZeroDivisionError("the secret of the inside")

    monkeypatch.setattr(ParcelViewSet, "get_object", crash)
    response = by_clerk.get(f"/api/v1/parcels/{parcel.pk}/")
    assert_problem(response, 500)
    assert "secret" not in response.content.decode()


def test_a_body_that_is_too_large_is_a_problem(by_sender, parcel, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    response = command(by_sender, parcel, "pack", {"grams": 1, "note": "x" * 200})
    body = assert_problem(response, 413)
    assert body["code"] == "too_large"


def test_what_django_itself_refuses_is_a_problem(by_clerk, parcel, monkeypatch):
    def refuse(*args, **kwargs):
        raise RequestDataTooBig

    monkeypatch.setattr(ParcelViewSet, "get_object", refuse)
    assert_problem(by_clerk.get(f"/api/v1/parcels/{parcel.pk}/"), 400)


def test_a_session_without_its_csrf_token_is_a_problem(sender, parcel):
    client = Client(enforce_csrf_checks=True)
    client.force_login(sender)
    response = client.post(
        f"/api/v1/parcels/{parcel.pk}/pack/",
        {"grams": 1},
        content_type="application/json",
        headers={"Idempotency-Key": "k"},
    )
    assert "CSRF" in assert_problem(response, 403)["detail"]


def test_a_method_that_is_not_offered_says_which_are(by_clerk, parcel):
    response = by_clerk.get(f"/api/v1/parcels/{parcel.pk}/ship/")
    assert_problem(response, 405)
    assert response.headers["Allow"] == "POST, OPTIONS"


def test_somebody_anonymous_is_challenged(parcel):
    response = command(APIClient(), parcel, "pack")
    assert_problem(response, 401)
    assert response.headers["WWW-Authenticate"].startswith("Basic")


def test_a_busy_database_says_when_to_try_again():
    response = exception_handler(TryAgain(), {})
    assert (response.status_code, response.headers["Retry-After"]) == (503, "1")


@pytest.mark.parametrize("text", ["{", "[1,", "NaN", '{"a": 1' + "}" * 5, "[" * 100_000])
def test_a_body_that_is_no_json_cannot_be_read(by_sender, parcel, text):
    response = by_sender.post(
        f"/api/v1/parcels/{parcel.pk}/pack/",
        text,
        content_type="application/json",
        headers={"Idempotency-Key": "k"},
    )
    assert assert_problem(response, 400)["type"].endswith("parse-error")


def test_every_fault_of_the_data_has_a_pointer_and_a_code(by_sender, parcel):
    response = command(by_sender, parcel, "pack", {"grams": 0, "a/b": 1})
    body = assert_problem(response, 422)
    assert {(e["pointer"], e["code"]) for e in body["errors"]} == {
        ("#/grams", "min_value"),
        ("#/a~1b", "unknown_field"),
    }
    assert all(e["detail"] for e in body["errors"])


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (exceptions.ValidationError({"title": ["Too long."]}), 422, "validation-error"),
        (exceptions.ParseError(), 400, "parse-error"),
        (PermissionDenied(), 403, "about:blank"),
        (TryAgain(), 503, "try-again"),
        (NotAllowed(reasons=[Reason("superseded", "It was.")]), 409, "superseded"),
    ],
)
def test_other_views_of_a_project_may_answer_alike(error, status, kind):
    response = exception_handler(error, {})
    assert (response.status_code, response.headers["Content-Type"]) == (status, PROBLEM)
    assert json.loads(response.content)["type"].endswith(kind)


def test_what_no_handler_knows_is_left_to_django():
    assert exception_handler(ZeroDivisionError(), {}) is None


def test_every_problem_type_has_a_heading_in_the_docs():
    headings = re.findall(r"^### `([a-z-]+)`", DOCS.read_text(), re.MULTILINE)
    assert headings == [kind.slug for kind in TYPES]


def test_the_docs_tell_the_right_status_and_title():
    text = DOCS.read_text()
    for kind in TYPES:
        section = text.split(f"### `{kind.slug}`")[1].split("\n#")[0]
        assert f"{kind.status}" in section
        assert f"“{kind.title}”" in section
