"""The doors of the claims to the bank and the mail server tell every sort of failure apart."""

import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.contrib.auth import get_user_model

from demo_project.claims import bank, mail
from demo_project.claims.models import Claim

from .conftest import until

SOON = timedelta(seconds=0.5)


def transfer():
    return bank.transfer(to="DE02120300000000202051", amount="100.00", key="k1", within=SOON)


def send():
    claimant = get_user_model()(username="claimant", email="claimant@example.org")
    claim = Claim(title="Storm & hail", claimant=claimant)
    mail.send("claim_status", to=claimant.email, claim=claim, key="k1", within=SOON)


def test_a_transfer_gives_the_bank_s_reference_and_is_paid_once_per_key(outside):
    assert transfer() == transfer() == "BANK-000001"
    assert [entry.body["amount"] for entry in outside.books.entries("bank")] == ["100.00"]


@pytest.mark.parametrize("fault", ["down", "busy"])
def test_a_bank_that_took_nothing_is_busy(outside, fault):
    outside.turn({"bank": fault})
    with pytest.raises(bank.Busy):
        transfer()


def test_a_busy_bank_may_say_when_to_come_again(outside):
    outside.turn({"bank": {"fault": "busy", "retry_after": 7}})
    with pytest.raises(bank.Busy) as busy:
        transfer()
    assert busy.value.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize("fault", ["slow", "timeout", "500", "accept_then_drop"])
def test_a_bank_that_gives_no_usable_answer_may_have_the_transfer(outside, fault):
    outside.turn({"bank": {"fault": fault, "seconds": 1}})
    with pytest.raises(bank.TimedOut):
        transfer()


@pytest.fixture
def babbling_bank(settings, request):
    """A bank that takes the order and answers in words of its own."""

    class Babbling(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(201)
            self.end_headers()
            self.wfile.write(request.param)

    with HTTPServer(("127.0.0.1", 0), Babbling) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        settings.BANK_URL = f"http://127.0.0.1:{server.server_port}"
        yield


@pytest.mark.parametrize(
    "babbling_bank", [b"", b"{}", b"[]", b"<p>Done.</p>", b'{"reference": null}'], indirect=True
)
def test_an_answer_without_a_reference_leaves_unknown_what_the_bank_did(babbling_bank):
    with pytest.raises(bank.TimedOut):
        transfer()


def test_a_bank_that_refuses_the_account_never_pays(outside):
    outside.turn({"bank": "refuse"})
    with pytest.raises(bank.Refused):
        transfer()


def test_a_transfer_is_found_by_its_key_whatever_became_of_the_answer(outside):
    assert bank.find("k1", within=SOON) is None
    outside.turn({"bank": {"fault": "accept_then_drop", "settles": "when_told"}})
    with pytest.raises(bank.TimedOut):
        transfer()
    assert bank.find("k1", within=SOON) == bank.Transfer("BANK-000001", "accepted")


def test_keys_are_asked_for_as_they_are(outside):
    bank.transfer(to="DE02120300000000202051", amount="1.00", key="a b&key=c/%41", within=SOON)
    assert bank.find("a b&key=c/%41", within=SOON).reference == "BANK-000001"
    assert bank.find("a b", within=SOON) is None


def test_a_bank_that_does_not_answer_questions_leaves_everything_unknown(outside):
    outside.turn({"bank": {"questions": "unanswered"}})
    with pytest.raises(bank.TimedOut):
        bank.find("k1", within=SOON)
    outside.turn({"bank": "down"})
    with pytest.raises(bank.Busy):
        bank.find("k1", within=SOON)


def test_a_transfer_is_called_back_once_it_is_settled_and_as_often_as_asked(outside):
    outside.turn({"bank": {"settles": "when_told"}})
    transfer()
    with pytest.raises(bank.Busy):
        bank.recall(key="k1", within=SOON)
    outside.bank.settle("k1", "settled")
    until(lambda: bank.find("k1", within=SOON).state == "settled")
    assert bank.recall(key="k1", within=SOON).state == "recalled"
    assert bank.recall(key="k1", within=SOON) == bank.Transfer("BANK-000001", "recalled")


def test_what_was_never_paid_cannot_be_called_back(outside):
    with pytest.raises(bank.Refused):
        bank.recall(key="k1", within=SOON)


@pytest.mark.parametrize(("fault", "error"), [("down", bank.Busy), ("500", bank.TimedOut)])
def test_a_recall_fails_as_a_transfer_does(outside, fault, error):
    outside.turn({"bank": fault})
    with pytest.raises(error):
        bank.recall(key="k1", within=SOON)


def test_the_claimant_reads_where_the_claim_stands(outside):
    send()
    (message,) = outside.books.entries("mail")
    assert message.body["to"] == "claimant@example.org"
    assert message.body["subject"] == 'Your claim "Storm & hail": Draft'


@pytest.mark.parametrize("fault", ["down", "busy", "slow", "timeout", "500", "accept_then_drop"])
def test_a_mail_server_that_may_take_the_message_later_is_busy(outside, fault):
    outside.turn({"mail": {"fault": fault, "seconds": 1}})
    with pytest.raises(mail.Busy):
        send()


def test_a_mailbox_that_does_not_exist_is_refused(outside):
    outside.turn({"mail": "refuse"})
    with pytest.raises(mail.Refused):
        send()
