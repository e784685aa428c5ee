"""The companies' doors: the bank and the mail server take orders, and misbehave as told."""

import json
import time
from collections.abc import Callable
from typing import Any

from .bank import NoSuchTransfer, NotYet
from .books import Entry, KeyReused
from .doors import Handler
from .switches import Switch

#: A message sent again may say how things stand by now; to the mail server it is the same one.
KNOWS_BY_KEY_ALONE = "mail"


class CompanyHandler(Handler):
    """A company: takes orders under idempotency keys, unless its switch says otherwise."""

    def __init__(self, company: str, place: str, *args: Any) -> None:
        self.company, self.orders = company, place
        super().__init__(*args)

    def do_GET(self) -> None:
        """What the company accepted: ``?key=`` asks for one key."""
        self._note_call("GET", self.asked("key") or "")
        if self.place != self.orders:
            return self._reply(404, {"detail": f"Try {self.orders}."})
        if self.world.switches.of(self.company).questions == "unanswered":
            return self._reply(503, {"detail": "We cannot look that up now."})
        entries = self.world.books.entries(self.company, self.asked("key"))
        return self._reply(200, [entry.as_json() for entry in entries])

    def do_POST(self) -> None:
        """Take an order."""
        switch = self.world.switches.use(self.company)
        self._note_call("POST", self.key, switch.fault)
        body = self.read()
        if self.place in self.places():
            self._behave(switch, body)
        else:
            self._reply(404, {"detail": f"Try {' or '.join(self.places())}."})

    def places(self) -> dict[str, Callable[[Switch, Any], tuple[int, Any]]]:
        """What is done where: the status and body of an honest answer."""
        return {self.orders: self.take_order}

    def take_order(self, switch: Switch, order: Any) -> tuple[int, Any]:
        """Put the order into the books."""
        try:
            entry, new = self.world.books.accept(
                self.company,
                self.key,
                order,
                honour_key=switch.keys == "honoured",
                compare=self.company != KNOWS_BY_KEY_ALONE,
            )
        except KeyReused:
            return 422, {"detail": "This key was used for another order."}
        if new:
            self.was_accepted(entry, switch)
        return (201 if new else 200), entry.as_json()

    def was_accepted(self, entry: Entry, switch: Switch) -> None:
        """A new order is in the books."""

    @property
    def key(self) -> str:
        """The idempotency key, bare or quoted."""
        return str(self.headers.get("Idempotency-Key", "")).strip('"')

    def _behave(self, switch: Switch, body: bytes) -> None:
        match switch.fault:
            case "busy":
                self._be_busy(switch)
            case "500":
                self._reply(500, {"detail": "Something broke here."})
            case "refuse":
                self._reply(422, {"detail": "This is never going to work."})
            case "timeout":
                time.sleep(switch.seconds)
                self._hang_up()
            case "accept_then_drop":
                self._do(switch, body)
                self._hang_up()
            case "slow":
                done = self._do(switch, body)
                time.sleep(switch.seconds)
                self._reply(*done)
            case _:
                self._reply(*self._do(switch, body))

    def _do(self, switch: Switch, body: bytes) -> tuple[int, Any]:
        if not self.key:
            return 400, {"detail": "Send an Idempotency-Key."}
        try:
            return self.places()[self.place](switch, json.loads(body))
        except ValueError:
            return 400, {"detail": "Send JSON."}

    def _be_busy(self, switch: Switch) -> None:
        later = {} if switch.retry_after is None else {"Retry_After": str(switch.retry_after)}
        self._reply(503, {"detail": "Too busy. Nothing was taken."}, **later)

    def _note_call(self, method: str, key: str, fault: str | None = None) -> None:
        self._fault = fault
        caller = self.headers.get("User-Agent", "")
        self._call = self.world.books.note_call(self.company, method, self.path, key, caller)

    def _reply(self, status: int, body: Any, **headers: str) -> None:
        self.world.books.note_answer(self._call, self._fault, status)
        self.answer(status, body, **headers)

    def _hang_up(self) -> None:
        self.world.books.note_answer(self._call, self._fault, None)
        self.close_connection = True


class BankHandler(CompanyHandler):
    """The bank: it also calls transfers back, and what it accepted is settled later."""

    def places(self) -> dict[str, Callable[[Switch, Any], tuple[int, Any]]]:
        """Transfers and recalls."""
        return {**super().places(), "/bank/recalls": self.recall}

    def was_accepted(self, entry: Entry, switch: Switch) -> None:
        """A new transfer begins its life."""
        self.world.bank.accepted(entry, switch)

    def recall(self, _switch: Switch, asked: Any) -> tuple[int, Any]:
        """Call a transfer back: the same answer however often it is asked."""
        try:
            recalled = self.world.bank.recall(str(asked["key"]))
        except (KeyError, TypeError):
            return 400, {"detail": 'Send {"key": the key of the transfer}.'}
        except NoSuchTransfer:
            return 404, {"detail": "There is no such transfer to call back."}
        except NotYet:
            return 409, {"detail": "The transfer is not settled yet. Ask again."}
        return 200, recalled[-1].as_json()
