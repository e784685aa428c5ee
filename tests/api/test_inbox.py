"""Messages over HTTP: who can sign is believed, and whatever else is sent changes nothing."""

import base64
import json
import secrets
import time
from datetime import UTC, datetime

import pytest
from django.test import Client
from rest_framework.throttling import ScopedRateThrottle
from standardwebhooks import Webhook

from tests.testapp.models import Payment
from workflows_app.api import inbox
from workflows_app.engine import receive
from workflows_app.models import Message, Operation

pytestmark = pytest.mark.django_db

PATH = "/api/v1/inbox/bank/"
PROBLEM = "application/problem+json"


def new_secret():
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


OLD, NEW, STRANGER = new_secret(), new_secret(), new_secret()


@pytest.fixture(autouse=True)
def endpoint(settings):
    settings.WORKFLOWS = {"INBOX": {"bank": {"secrets": [OLD, NEW]}}}


@pytest.fixture
def paid():
    receive("bank", "made", "payment.issued", {"data": {"card": "4711", "amount": 5}})
    receive("bank", "paid", "card.charged", {"data": {"card": "4711"}})
    return Payment.objects.get()


DISPUTE = {"type": "card.disputed", "data": {"card": "4711", "reason": "not mine"}}


def signature(body, id="msg_1", at=None, secret=OLD):
    moment = datetime.fromtimestamp(int(time.time()) if at is None else at, tz=UTC)
    return Webhook(secret).sign(id, moment, body)


def signed(body, id="msg_1", at=None, secret=OLD):
    at = int(time.time()) if at is None else at
    return {
        "webhook-id": id,
        "webhook-timestamp": str(at),
        "webhook-signature": signature(body, id, at, secret),
    }


def post(body, headers, path=PATH, **more):
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    return client.post(path, text, content_type="application/json", headers=headers, **more)


def send(payload=DISPUTE, **how):
    body = payload if isinstance(payload, str) else json.dumps(payload)
    return post(body, signed(body, **how))


def assert_problem(response, status, kind="about:blank", code=None):
    assert (response.status_code, response.headers["Content-Type"]) == (status, PROBLEM)
    problem = response.json()
    assert problem["type"].endswith(kind)
    assert problem.get("code") == code
    assert problem["detail"]
    return problem


def assert_nothing_happened():
    assert not Message.objects.filter(message_id="msg_1").exists()
    assert not Operation.objects.filter(transition="dispute").exists()


def test_a_message_that_is_used_is_answered_200(paid):
    answer = send()
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    message = Message.objects.get(message_id="msg_1")
    assert answer.json() == {
        "id": str(message.id),
        "message_id": "msg_1",
        "state": "matched",
        "repeated": 0,
        "differed": False,
        "received_at": message.received_at.isoformat().replace("+00:00", "Z"),
    }
    assert (message.endpoint, message.type, message.payload) == ("bank", "card.disputed", DISPUTE)
    assert (paid.refresh_from_db(), paid.status) == (None, "disputed")


def test_a_message_that_is_kept_is_answered_202():
    answer = send()
    assert (answer.status_code, answer.json()["state"]) == (202, "unmatched")


def test_without_the_slash_nothing_is_lost(paid):
    body = json.dumps(DISPUTE)
    assert post(body, signed(body), PATH.removesuffix("/")).status_code == 200


@pytest.mark.parametrize("secret", [OLD, NEW], ids=["old", "new"])
def test_while_a_secret_is_replaced_both_count(paid, secret):
    assert send(secret=secret).status_code == 200


def test_a_sender_may_sign_with_several_secrets_and_other_algorithms(paid):
    body = json.dumps(DISPUTE)
    headers = signed(body)
    several = ["v1a,bm90IG91cnM=", signature(body, secret=STRANGER), headers["webhook-signature"]]
    headers["webhook-signature"] = " ".join(several)
    assert post(body, headers).status_code == 200


def test_a_replay_inside_the_window_is_the_first_message(paid):
    body = json.dumps(DISPUTE)
    headers = signed(body)
    assert [post(body, headers).json()["repeated"] for _ in range(3)] == [0, 1, 2]
    assert Operation.objects.filter(transition="dispute").count() == 1


def test_a_replay_under_another_id_is_refused(paid):
    body = json.dumps(DISPUTE)
    headers = signed(body) | {"webhook-id": "msg_2"}
    assert_problem(post(body, headers), 403, "webhook-signature-invalid")
    assert not Message.objects.filter(message_id="msg_2").exists()


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("empty", [True, False])
def test_a_missing_header_is_named(paid, missing, empty):
    body = json.dumps(DISPUTE)
    headers = signed(body)
    del headers[missing]
    if empty:
        headers[missing] = " "
    problem = assert_problem(post(body, headers), 400, code="webhook_header_missing")
    assert missing in problem["detail"]
    assert_nothing_happened()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("webhook-id", "msg_1,msg_1"),  # as servers join a header that came twice
        ("webhook-id", "msg_1\u00e9"),
        ("webhook-id", "x" * 256),
        ("webhook-id", '{"a":1}'),
        ("webhook-timestamp", "now"),
        ("webhook-timestamp", "nan"),
        ("webhook-timestamp", "1e9"),
        ("webhook-timestamp", "-1"),
        ("webhook-timestamp", "1700000000.5"),
        ("webhook-timestamp", "1_700_000_000"),
        ("webhook-timestamp", "1700000000, 1700000000"),
        ("webhook-timestamp", "\u0661\u0667\u0660"),
        ("webhook-timestamp", "9" * 400),
        ("webhook-signature", "v1"),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v1,a,b"),
        ("webhook-signature", "v1,YQ==,v1,YQ=="),
        ("webhook-signature", "v1,\u00e9"),
        ("webhook-signature", "sha256=YQ=="),
    ],
)
def test_a_malformed_header_is_named(paid, name, value):
    body = json.dumps(DISPUTE)
    headers = signed(body) | {name: value}
    problem = assert_problem(post(body, headers), 400, code="webhook_header_invalid")
    assert name in problem["detail"]
    assert_nothing_happened()


@pytest.mark.parametrize("value", ["v1,YQ==", "v1,a", "v1,=", "v1a,YQ==", "v2,YQ=="])
def test_a_signature_that_is_none_is_refused(paid, value):
    body = json.dumps(DISPUTE)
    headers = signed(body) | {"webhook-signature": value}
    assert_problem(post(body, headers), 403, "webhook-signature-invalid")
    assert_nothing_happened()


def test_a_stranger_s_secret_is_refused(paid):
    assert_problem(send(secret=STRANGER), 403, "webhook-signature-invalid")
    assert_nothing_happened()


def test_an_endpoint_has_secrets_of_its_own(paid, settings):
    endpoints = {"bank": {"secrets": [NEW]}, "mailer": {"secrets": [OLD]}}
    settings.WORKFLOWS = {"INBOX": endpoints}
    assert_problem(send(), 403, "webhook-signature-invalid")
    assert_nothing_happened()


@pytest.mark.parametrize("place", [0, 30, -1])
def test_a_body_changed_by_a_byte_is_refused(paid, place):
    body = json.dumps(DISPUTE)
    changed = bytearray(body.encode())
    changed[place] ^= 1
    assert_problem(post(bytes(changed), signed(body)), 403, "webhook-signature-invalid")
    assert_nothing_happened()


def test_the_same_json_in_other_bytes_is_refused(paid):
    headers = signed(json.dumps(DISPUTE))
    response = post(json.dumps(DISPUTE, indent=1), headers)
    assert_problem(response, 403, "webhook-signature-invalid")


@pytest.mark.parametrize("seconds", [-330, 330, -86400, 10**9])
def test_a_message_signed_at_another_time_is_refused(paid, seconds):
    at = int(time.time()) + seconds
    assert_problem(send(at=at), 403, "webhook-timestamp-out-of-range")
    assert_nothing_happened()


@pytest.mark.parametrize("seconds", [-270, 270])
def test_clocks_may_differ_by_five_minutes(paid, seconds):
    assert send(at=int(time.time()) + seconds).status_code == 200


def test_a_changed_time_breaks_the_signature(paid):
    body = json.dumps(DISPUTE)
    headers = signed(body, at=int(time.time()) - 1000) | {
        "webhook-timestamp": str(int(time.time()))
    }
    assert_problem(post(body, headers), 403, "webhook-signature-invalid")


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "",
        "NaN",
        '{"type": "t", "data": NaN}',
        '{"type": "t", "data": -Infinity}',
        '{"type": "t", "data": 1e999}',
        '{"type": "t", "data": "\\u0000"}',
        '{"type": "t", "data": "\\ud800"}',
        '{"type": "card.disputed", "type": "card.charged"}',
        '{"type": "t", "data": {"amount": 1, "amount": 1000}}',
        "\ufeff{}",
        '["type"]',
        '"type"',
        '{"type": 7}',
        json.dumps({"type": "t" * 256}),
        "[" * 100_000,
        '{"a":' * 100_000 + "1" + "}" * 100_000,
        '{"n": ' + "9" * 5000 + "}",
    ],
    ids=range(18),
)
def test_what_is_signed_and_no_message_cannot_be_read(body):
    assert_problem(send(body), 400, "parse-error")
    assert_problem(send(body, secret=STRANGER), 403, "webhook-signature-invalid")
    assert_nothing_happened()


def test_bytes_that_are_no_utf_8_are_never_believed():
    assert_problem(post(b'{"a": "\xff"}', signed("{}")), 403, "webhook-signature-invalid")
    assert_nothing_happened()


def test_a_body_beyond_the_limit_is_not_read(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert_problem(send(DISPUTE | {"more": "x" * 100}), 413, code="too_large")
    assert_nothing_happened()


def test_an_unknown_endpoint_is_not_there():
    body = json.dumps(DISPUTE)
    assert_problem(post(body, signed(body), "/api/v1/inbox/broker/"), 404, code="not_found")


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete", "head", "options"])
def test_nothing_but_post_is_offered(client, method):
    response = getattr(client, method)(PATH)
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("accept", ["application/xml", "text/html", "*/*", ""])
def test_the_answer_is_json_whatever_a_sender_accepts(accept):
    body = json.dumps(DISPUTE)
    answer = post(body, signed(body) | {"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (202, "application/json")


def test_a_message_is_no_command_of_whoever_has_a_session(paid, sender):
    client = Client(enforce_csrf_checks=True)
    client.force_login(sender)
    body = json.dumps(DISPUTE)
    response = client.post(PATH, body, content_type="text/plain", headers=signed(body))
    assert response.status_code == 200
    assert Operation.objects.filter(transition="dispute").get().actor == "system"


def test_messages_are_throttled_by_a_rate_of_their_own(monkeypatch):
    rates = {"webhooks": "2/hour"}
    monkeypatch.setattr(inbox.api_settings, "DEFAULT_THROTTLE_RATES", rates)
    monkeypatch.setattr(ScopedRateThrottle, "THROTTLE_RATES", rates)
    assert [send().status_code for _ in range(3)] == [202, 202, 429]


def test_no_secret_and_no_payload_is_logged_or_told(paid, caplog, settings):
    settings.DEBUG = True
    send()
    send(secret=STRANGER)
    send('{"type": "card.disputed", "data": {"card": "4711"}}', id="msg_2")
    told = caplog.text + send(secret=STRANGER).content.decode()
    assert "unexpected" in caplog.text or "could not be used" in caplog.text
    for secret in (OLD, NEW, "4711", "not mine"):
        assert secret not in told
