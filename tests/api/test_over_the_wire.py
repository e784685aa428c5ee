"""What only a real server shows: headers that come twice, addresses without a slash, big bodies."""

import base64
import http.client
import json
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from tests.testapp.models import Payment
from workflows_app.engine import receive
from workflows_app.models import Message, Operation

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()


@pytest.fixture
def wire(live_server, sender):
    """Send a request byte by byte; the answer's status, headers and body."""
    sender.set_password("demo")
    sender.save()
    login = base64.b64encode(b"sender:demo").decode()

    def send(path, body, *headers):
        connection = http.client.HTTPConnection(live_server.thread.host, live_server.thread.port)
        content = json.dumps(body).encode()
        connection.putrequest("POST", path)
        connection.putheader("Authorization", f"Basic {login}")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(content)))
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders(content)
        response = connection.getresponse()
        answer = response.status, response.headers, json.loads(response.read())
        connection.close()
        return answer

    return send


def test_two_key_headers_are_refused(wire, parcel):
    keys = [("Idempotency-Key", "one"), ("Idempotency-Key", "two")]
    status, headers, problem = wire(f"/api/v1/parcels/{parcel.pk}/pack/", {"grams": 1}, *keys)
    assert (status, headers["Content-Type"]) == (400, "application/problem+json")
    assert problem["type"].endswith("idempotency-key-invalid")
    assert not Operation.objects.filter(transition="pack").exists()


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_command_arrives_with_and_without_the_slash(wire, parcel, slash):
    key = ("Idempotency-Key", '"8e03"')
    path = f"/api/v1/parcels/{parcel.pk}/pack{slash}"
    status, headers, body = wire(path, {"grams": 1}, key, ("If-Match", '"5"'), ("If-Match", '"0"'))
    assert (status, headers["Idempotency-Key"]) == (200, '"8e03"')
    assert body["object"]["workflow"]["state"] == "packed"


def test_a_body_beyond_the_limit_is_not_read(wire, parcel, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    key = ("Idempotency-Key", "k")
    path = f"/api/v1/parcels/{parcel.pk}/pack/"
    status, headers, problem = wire(path, {"note": "x" * 5000}, key)
    assert (status, problem["code"]) == (413, "too_large")
    assert headers["Content-Type"] == "application/problem+json"


def signed(payload):
    now = datetime.now(UTC)
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(SECRET).sign("msg_1", now, json.dumps(payload)),
    }


CHARGED = {"type": "card.charged", "data": {"card": "4711"}}


@pytest.fixture
def payment(settings):
    settings.WORKFLOWS = {"INBOX": {"bank": {"secrets": [SECRET]}}}
    receive("bank", "made", "payment.issued", {"data": {"card": "4711", "amount": 5}})
    return Payment.objects.get()


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_message_arrives_signed_over_the_bytes_on_the_wire(wire, payment, slash):
    status, headers, body = wire(f"/api/v1/inbox/bank{slash}", CHARGED, *signed(CHARGED).items())
    assert (status, headers["Content-Type"]) == (200, "application/json")
    assert body["state"] == "matched"
    assert (payment.refresh_from_db(), payment.status) == (None, "paid")


@pytest.mark.parametrize("twice", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_header_that_comes_twice_is_refused(wire, payment, twice):
    headers = signed(CHARGED)
    more = (twice, headers[twice])
    status, _, problem = wire("/api/v1/inbox/bank/", CHARGED, *headers.items(), more)
    assert (status, problem["code"]) == (400, "webhook_header_invalid")
    assert not Message.objects.filter(message_id="msg_1").exists()


def test_a_message_beyond_the_limit_is_not_read(wire, payment, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    large = CHARGED | {"more": "x" * 5000}
    status, _, problem = wire("/api/v1/inbox/bank/", large, *signed(large).items())
    assert (status, problem["code"]) == (413, "too_large")


def test_an_unknown_address_is_a_problem(wire):
    status, headers, _ = wire("/api/v1/nothing", {})
    assert (status, headers["Content-Type"]) == (404, "application/problem+json")
