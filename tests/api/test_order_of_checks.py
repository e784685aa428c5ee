"""Every request with two faults is refused for the earlier one, whatever the two are."""

import itertools

import pytest
from rest_framework.throttling import BaseThrottle

from tests.testapp.models import Parcel
from tests.testapp.views import ParcelViewSet
from workflows_app.engine import execute
from workflows_app.models import Operation

pytestmark = pytest.mark.django_db

REUSED = "used-before"


class Never(BaseThrottle):
    def allow_request(self, request, view):
        return False

    def wait(self):
        return 6.5


class Asked:
    """A request that would be accepted, until a fault is built into it."""

    method = "post"

    def __init__(self, people, address, tag):
        self.people, self.address = people, address
        self.user, self.body, self.content_type = people["clerk"], "{}", "application/json"
        self.headers = {"Idempotency-Key": "new", "If-Match": tag}
        self.throttled = self.settled = False


def not_acceptable(asked):
    asked.headers["Accept"] = "application/xml"


def nobody(asked):
    asked.user = None


def too_often(asked):
    asked.throttled = True


def not_visible(asked):
    asked.user = asked.user and asked.people["operator"]


def not_permitted(asked):
    asked.user = asked.people["sender"]


def wrong_media_type(asked):
    asked.content_type = "text/plain"


def no_key(asked):
    del asked.headers["Idempotency-Key"]


def malformed_key(asked):
    asked.headers["Idempotency-Key"] = '"half'


def broken_json(asked):
    asked.body = '{"half":'


def reused_key(asked):
    asked.headers["Idempotency-Key"] = REUSED


def no_version(asked):
    del asked.headers["If-Match"]


def malformed_version(asked):
    asked.headers["If-Match"] = "1"


def stale(asked):
    asked.headers["If-Match"] = '"99"'


def wrong_data(asked):
    asked.body = '{"surprise": 1}'


def wrong_state(asked):
    asked.settled = True


COMMAND_ORDER = [
    (not_acceptable, 406, "about:blank"),
    (nobody, 401, "about:blank"),
    (too_often, 429, "about:blank"),
    (not_visible, 404, "about:blank"),
    (not_permitted, 403, "transition-forbidden"),
    (wrong_media_type, 415, "about:blank"),
    (no_key, 400, "idempotency-key-missing"),
    (malformed_key, 400, "idempotency-key-invalid"),
    (broken_json, 400, "parse-error"),
    (reused_key, 422, "idempotency-key-reused"),
    (no_version, 428, "precondition-required"),
    (malformed_version, 400, "precondition-invalid"),
    (stale, 412, "stale-version"),
    (wrong_data, 422, "validation-error"),
    (wrong_state, 409, "transition-not-allowed"),
]


def send(asked, as_user, monkeypatch):
    if asked.throttled:
        monkeypatch.setattr(ParcelViewSet, "throttle_classes", [Never])
    response = getattr(as_user(asked.user), asked.method)(
        asked.address, asked.body, content_type=asked.content_type, headers=asked.headers
    )
    kind = response.json().get("type", "accepted")
    return response.status_code, kind.removeprefix("urn:problem-type:workflows:")


@pytest.fixture
def cover(people, packed):
    """A command with a required version: covering a parcel that the clerk sees."""
    asked = Asked(people, f"/api/v1/parcels/{packed.pk}/cover/", '"1"')
    for name in ("sender", "clerk"):
        other = Parcel.objects.create(sender=people["sender"], title=name, address="x")
        execute(other.pack, by=people[name], data={"grams": 1}, key=REUSED)
    return asked


def build(asked, parcel, faults):
    """Build faults in, the later one first, so that the earlier one has the last word."""
    for fault in reversed(faults):
        fault(asked)
    if asked.settled:
        execute(parcel.sort, by=asked.people["clerk"])
        if "If-Match" in asked.headers and asked.headers["If-Match"] == '"1"':
            asked.headers["If-Match"] = '"2"'


def test_without_a_fault_it_is_accepted(cover, as_user, monkeypatch):
    assert send(cover, as_user, monkeypatch) == (202, "accepted")


@pytest.mark.parametrize(
    ("fault", "status", "kind"), COMMAND_ORDER, ids=lambda value: getattr(value, "__name__", "")
)
def test_every_fault_alone_is_refused_for_what_it_is(
    fault, status, kind, cover, packed, as_user, monkeypatch
):
    Parcel.objects.filter(pk=packed.pk).update(title="return it")
    packed.refresh_from_db()
    build(cover, packed, [fault])
    assert send(cover, as_user, monkeypatch) == (status, kind)
    assert not Operation.objects.filter(transition="cover").exists()


PAIRS = list(itertools.combinations(COMMAND_ORDER, 2))


@pytest.mark.parametrize(
    ("earlier", "later"), PAIRS, ids=[f"{a[0].__name__}-{b[0].__name__}" for a, b in PAIRS]
)
def test_of_two_faults_the_earlier_one_is_told(earlier, later, cover, packed, as_user, monkeypatch):
    Parcel.objects.filter(pk=packed.pk).update(title="return it")
    packed.refresh_from_db()
    build(cover, packed, [earlier[0], later[0]])
    assert send(cover, as_user, monkeypatch) == earlier[1:]


def test_guards_are_asked_last_and_all_of_them(sender, as_user):
    parcel = Parcel.objects.create(sender=sender, title="heavy, nowhere to go")
    response = as_user(sender).post(
        f"/api/v1/parcels/{parcel.pk}/pack/",
        {"grams": 40_000},
        headers={"Idempotency-Key": "k"},
    )
    assert response.status_code == 409
    problem = response.json()
    assert problem["type"].endswith("guard-failed")
    assert [reason["code"] for reason in problem["reasons"]] == ["address_missing", "too_heavy"]


def test_a_key_that_is_known_answers_before_anything_about_the_object_is_asked(
    cover, packed, people, as_user, monkeypatch
):
    assert send(cover, as_user, monkeypatch) == (202, "accepted")
    people["clerk"].user_permissions.clear()
    cover.user = type(people["clerk"]).objects.get(pk=people["clerk"].pk)
    for fault in (stale, malformed_version):
        fault(cover)
        assert send(cover, as_user, monkeypatch) == (202, "accepted")
    no_version(cover)
    assert send(cover, as_user, monkeypatch) == (202, "accepted")
    too_often(cover)
    assert send(cover, as_user, monkeypatch) == (429, "about:blank")


def test_a_body_that_cannot_be_read_is_no_hit(cover, as_user, monkeypatch):
    assert send(cover, as_user, monkeypatch) == (202, "accepted")
    broken_json(cover)
    assert send(cover, as_user, monkeypatch) == (400, "parse-error")


def may_not_add(asked):
    asked.user = asked.people["operator"]


def protected_member(asked):
    asked.body = '{"title": "", "status": "arrived"}'


def wrong_column(asked):
    asked.body = '{"title": ""}'


CREATION_ORDER = [
    (not_acceptable, 406, "about:blank"),
    (nobody, 401, "about:blank"),
    (too_often, 429, "about:blank"),
    (may_not_add, 403, "transition-forbidden"),
    (wrong_media_type, 415, "about:blank"),
    (no_key, 400, "idempotency-key-missing"),
    (broken_json, 400, "parse-error"),
    (reused_key, 422, "idempotency-key-reused"),
    (protected_member, 422, "protected-field"),
    (wrong_column, 422, "validation-error"),
]
CREATION_PAIRS = list(itertools.combinations(CREATION_ORDER, 2))


@pytest.mark.parametrize(
    ("earlier", "later"),
    CREATION_PAIRS,
    ids=[f"{a[0].__name__}-{b[0].__name__}" for a, b in CREATION_PAIRS],
)
def test_of_two_faults_of_a_creation_the_earlier_one_is_told(
    earlier, later, cover, people, as_user, monkeypatch
):
    asked = Asked(people, "/api/v1/parcels/", "*")
    asked.user, asked.body = people["sender"], '{"title": "books"}'
    before = Parcel.objects.count()
    for fault, *_ in (later, earlier):
        fault(asked)
    assert send(asked, as_user, monkeypatch) == earlier[1:]
    assert Parcel.objects.count() == before
