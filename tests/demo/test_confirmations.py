"""The bank settles later what it accepted, and says so: signed, until it is heard, as told."""

import json
from contextlib import suppress
from http.client import HTTPException

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from .conftest import SECRET, until

ORDER = {"to": "DE02120300000000202051", "amount": "100.00"}


@pytest.fixture
def orders(world, letterbox):
    return world.addresses["bank"] + "/bank/transfers"


@pytest.fixture
def told(letterbox):
    """What the bank said so far, read as its customer reads it."""

    def told():
        return [Webhook(SECRET).verify(body, headers) for headers, body in letterbox.heard]

    return told


def state(world):
    (transfer,) = world.books.entries("bank")
    return transfer.state


def test_a_transfer_is_accepted_now_and_settled_later_with_a_signed_message(
    world, orders, call, told
):
    world.turn({"bank": {"settles_after": 0.3}})
    accepted = call("POST", orders, ORDER, key="k1")[2]
    assert (accepted["state"], told()) == ("accepted", [])
    (message,) = until(told)
    assert message["type"] == "transfer.settled"
    assert message["data"] == {
        "reference": accepted["reference"],
        "key": "k1",
        "state": "settled",
        "amount": "100.00",
    }
    assert call("GET", orders + "?key=k1")[2][0]["state"] == "settled"


def test_only_the_secret_both_know_makes_the_signature(world, orders, call, letterbox):
    world.turn({"bank": {"settles_after": 0}})
    call("POST", orders, ORDER, key="k1")
    ((headers, body),) = until(lambda: letterbox.heard)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA==").verify(body, headers)


def test_a_transfer_may_be_refused_later(world, orders, call, told):
    world.turn({"bank": {"settles": "refused", "settles_after": 0}})
    call("POST", orders, ORDER, key="k1")
    assert until(told)[0]["data"]["state"] == state(world) == "refused"


def test_a_message_may_come_before_the_answer(world, orders, call, told):
    world.turn({"bank": {"early": True}})
    accepted = call("POST", orders, ORDER, key="k1")[2]
    assert [message["data"]["reference"] for message in told()] == [accepted["reference"]]


def test_a_message_may_come_twice_and_is_the_same_message(world, orders, call, letterbox):
    world.turn({"bank": {"times": 2, "settles_after": 0}})
    call("POST", orders, ORDER, key="k1")
    (first, body), (second, again) = until(lambda: letterbox.heard[1:] and letterbox.heard)
    assert first["webhook-id"] == second["webhook-id"]
    assert json.loads(body) == json.loads(again)


def test_a_message_nobody_heard_is_sent_again(world, orders, call, letterbox):
    letterbox.statuses = [500]
    world.turn({"bank": {"settles_after": 0}})
    call("POST", orders, ORDER, key="k1")
    (first, _), (second, _) = until(lambda: letterbox.heard[1:] and letterbox.heard)
    assert first["webhook-id"] == second["webhook-id"]
    until(lambda: [message["heard"] for message in world.messenger.messages()] == [1])


def test_a_transfer_settles_though_nobody_wants_to_know(world, call):
    world.turn({"bank": {"early": True}})
    call("POST", world.addresses["bank"] + "/bank/transfers", ORDER, key="k1")
    until(lambda: state(world) == "settled")


@pytest.mark.parametrize("outcome", ["settled", "refused"])
def test_a_bank_that_waits_to_be_told_settles_once_it_is(world, orders, call, told, outcome):
    world.turn({"bank": {"settles": "when_told"}})
    call("POST", orders, ORDER, key="k1")
    settle = world.addresses["outside"] + "/settle"
    assert call("PUT", settle, {"key": "k1", "state": outcome})[0] == 202
    assert call("PUT", settle, {"key": "k1", "state": "settled"})[0] == 202
    assert until(told)[0]["data"]["state"] == state(world) == outcome
    assert len(world.messenger.messages()) == 1


def test_only_what_a_bank_can_do_is_told_it(world, call):
    settle = world.addresses["outside"] + "/settle"
    assert call("PUT", settle, {"key": "k1", "state": "lost"})[0] == 400
    assert call("PUT", settle, [])[0] == 400


def test_the_bank_is_told_with_the_buttons_of_the_page_too(world, orders, call):
    world.turn({"bank": {"settles": "when_told"}})
    call("POST", orders, ORDER, key="k1")
    outside = world.addresses["outside"]
    assert 'name="key" value="k1"' in call("GET", outside + "/")[2]
    assert call("POST", outside + "/settle", form={"key": "k1", "state": "settled"})[0] == 303
    until(lambda: state(world) == "settled")
    page = call("GET", outside + "/")[2]
    assert 'name="key"' not in page
    assert "What the bank tells us" in page


def test_the_form_of_the_page_turns_every_switch_it_shows(world, call):
    faults = world.addresses["outside"] + "/faults"
    ticked = {"company": "bank", "fault": "", "keys": "ignored", "settles": "when_told"}
    assert call("POST", faults, form={**ticked, "early": "on", "twice": "on"})[0] == 303
    bank = call("GET", faults)[2]["bank"]
    assert (bank["keys"], bank["settles"]) == ("ignored", "when_told")
    assert (bank["fault"], bank["early"], bank["times"]) == (None, True, 2)
    assert call("POST", faults, form={**ticked, "keys": "honoured"})[0] == 303
    bank = call("GET", faults)[2]["bank"]
    assert (bank["keys"], bank["early"], bank["times"]) == ("honoured", False, 1)


def test_how_a_bank_confirms_stays_when_its_fault_is_gone(world, orders, call):
    world.turn({"bank": {"fault": "accept_then_drop", "settles": "refused"}})
    with suppress(HTTPException, OSError):
        call("POST", orders, ORDER, key="k1")
    world.turn({"bank": None})
    switch = world.switches.of("bank")
    assert (switch.fault, switch.settles) == (None, "refused")


def test_the_messages_that_were_not_heard_outlive_the_process(tmp_path, world_of, letterbox, call):
    books = str(tmp_path / "books.sqlite3")
    with world_of(books) as deaf:
        deaf.messenger.address = "http://127.0.0.1:1/"
        deaf.turn({"bank": {"settles_after": 0}})
        call("POST", deaf.addresses["bank"] + "/bank/transfers", ORDER, key="k1")
        until(lambda: [m["tries"] for m in deaf.messenger.messages() if m["status"] is None])
    with world_of(books) as heard:
        heard.messenger.address = letterbox.address
        until(lambda: letterbox.heard, seconds=30)
