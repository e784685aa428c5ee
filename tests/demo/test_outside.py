"""The outside world takes orders once per key, fails as told, and keeps books of everything."""

import json
import subprocess
import sys
import threading
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from demo_project.outside.switches import FAULTS

ROOT = Path(__file__).parents[2]
ORDER = {"to": "DE02120300000000202051", "amount": "100.00"}


@pytest.fixture
def orders(world):
    return world.addresses["bank"] + "/bank/transfers"


@pytest.fixture
def set_fault(world, call):
    def set_fault(**wanted):
        status, _, answer = call("PUT", world.addresses["outside"] + "/faults", wanted)
        assert status == 200, answer
        return answer

    return set_fault


def test_an_order_is_accepted_and_found_under_its_key(orders, call):
    status, _, accepted = call("POST", orders, ORDER, key="k1")
    assert (status, accepted["amount"]) == (201, "100.00")
    assert call("GET", orders + "?key=k1")[2] == [accepted]
    assert call("GET", orders + "?key=other")[2] == []


def test_the_same_key_is_the_same_transfer(orders, call):
    first = call("POST", orders, ORDER, key="k1")[2]
    status, _, again = call("POST", orders, ORDER, key='"k1"')
    assert (status, again["reference"], again["calls"]) == (200, first["reference"], 2)
    assert len(call("GET", orders)[2]) == 1


def test_parallel_requests_under_one_key_are_one_transfer(orders, call):
    threads = [
        threading.Thread(target=call, args=("POST", orders, ORDER), kwargs={"key": "k1"})
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (transfer,) = call("GET", orders)[2]
    assert transfer["calls"] == 8


def test_a_key_with_another_order_is_refused(orders, call):
    call("POST", orders, ORDER, key="k1")
    assert call("POST", orders, ORDER | {"amount": "7.00"}, key="k1")[0] == 422


def test_an_order_without_a_key_is_refused(orders, call):
    assert call("POST", orders, ORDER)[0] == 400


def test_a_bank_that_ignores_keys_pays_twice(orders, call, set_fault):
    set_fault(bank={"keys": "ignored"})
    references = {call("POST", orders, ORDER, key="k1")[2]["reference"] for _ in range(2)}
    assert len(references) == 2


def test_a_bank_that_is_down_refuses_connections_until_it_is_back(orders, call, set_fault):
    set_fault(bank="down")
    with pytest.raises(ConnectionRefusedError):
        call("POST", orders, ORDER, key="k1")
    set_fault(bank=None)
    assert call("POST", orders, ORDER, key="k1")[0] == 201


def test_a_busy_bank_says_when_to_come_again_and_takes_nothing(orders, call, set_fault):
    set_fault(bank={"fault": "busy", "retry_after": 3})
    status, headers, _ = call("POST", orders, ORDER, key="k1")
    assert (status, headers["Retry-After"]) == (503, "3")
    assert call("GET", orders)[2] == []


@pytest.mark.parametrize(("fault", "status"), [("500", 500), ("refuse", 422)])
def test_a_bank_that_answers_with_an_error_takes_nothing(orders, call, set_fault, fault, status):
    set_fault(bank=fault)
    assert call("POST", orders, ORDER, key="k1")[0] == status
    assert call("GET", orders)[2] == []


@pytest.mark.parametrize(("fault", "taken"), [("accept_then_drop", 1), ("timeout", 0), ("slow", 1)])
def test_silence_may_or_may_not_mean_that_the_order_was_taken(
    orders, call, set_fault, fault, taken
):
    set_fault(bank={"fault": fault, "seconds": 1})
    with pytest.raises((HTTPException, OSError)):
        call("POST", orders, ORDER, key="k1", timeout=0.5)
    assert len(call("GET", orders)[2]) == taken


def test_a_slow_bank_answers_in_the_end(orders, call, set_fault):
    set_fault(bank={"fault": "slow", "seconds": 0.2})
    assert call("POST", orders, ORDER, key="k1")[0] == 201


def test_a_counted_fault_ends_by_itself(orders, call, set_fault):
    set_fault(bank={"fault": "busy", "count": 2})
    statuses = [call("POST", orders, ORDER, key="k1")[0] for _ in range(3)]
    assert statuses == [503, 503, 201]


def test_the_log_names_every_call_while_it_is_still_in_progress(world, orders, call, set_fault):
    set_fault(bank={"fault": "slow", "seconds": 1})
    with suppress(HTTPException, OSError):
        call("POST", orders, ORDER, key="k1", timeout=0.3)
    (logged,) = call("GET", world.addresses["outside"] + "/log")[2]
    assert (logged["company"], logged["key"], logged["status"]) == ("bank", "k1", None)
    assert logged["at"].endswith("+00:00")


def test_the_mail_server_takes_messages(world, call):
    messages = world.addresses["mail"] + "/mail/messages"
    message = {"to": "a@example.org", "subject": "Hello", "body": "It is paid."}
    assert call("POST", messages, message, key="m1")[0] == 201
    assert call("GET", messages)[2][0]["subject"] == "Hello"


def test_a_message_sent_again_is_the_same_though_its_text_has_changed(world, call):
    messages = world.addresses["mail"] + "/mail/messages"
    message = {"to": "a@example.org", "subject": "Hello", "body": "It is on its way."}
    assert call("POST", messages, message, key="m1")[0] == 201
    assert call("POST", messages, message | {"body": "It is paid."}, key="m1")[0] == 200
    assert [entry["body"] for entry in call("GET", messages)[2]] == ["It is on its way."]


@pytest.mark.parametrize(
    "wrong",
    [
        {"post_office": "down"},
        {"bank": "tired"},
        {"bank": {"fault": "busy", "mood": 1}},
        {"bank": {"keys": "lost"}},
        {"bank": {"fault": "down", "count": 2}},
        {"bank": {"settles": "perhaps"}},
        {"bank": {"questions": "maybe"}},
        {"bank": {"times": 0}},
        {"bank": {"times": "many"}},
        {"bank": {"settles_after": "soon"}},
        [],
    ],
)
def test_a_switch_that_does_not_exist_is_refused(world, call, wrong):
    faults = world.addresses["outside"] + "/faults"
    assert call("PUT", faults, wrong)[0] == 400
    assert {switch["fault"] for switch in call("GET", faults)[2].values()} == {None}


def test_the_page_shows_what_was_paid_and_how_the_bank_behaves(world, orders, call, set_fault):
    call("POST", orders, ORDER | {"to": "<b>DE02</b>"}, key="k1")
    set_fault(bank="busy")
    status, _, page = call("GET", world.addresses["outside"] + "/")
    assert status == 200
    assert "&lt;b&gt;DE02&lt;/b&gt;" in page
    assert FAULTS["busy"] in page


def test_the_books_outlive_the_process_when_they_have_a_file(tmp_path, call):
    books = str(tmp_path / "books.sqlite3")
    with started("--books", books) as addresses:
        call("POST", addresses["bank"] + "/bank/transfers", ORDER, key="k1")
    with started("--books", books) as addresses:
        assert len(call("GET", addresses["bank"] + "/bank/transfers")[2]) == 1


class started:  # noqa: N801  reads as a word in a with statement
    """The outside world as the process it is."""

    def __init__(self, *arguments):
        command = [sys.executable, "-m", "demo_project.outside", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)

    def __enter__(self):
        return json.loads(self.process.stdout.readline())

    def __exit__(self, *_error):
        self.process.terminate()
        self.process.communicate(timeout=10)
