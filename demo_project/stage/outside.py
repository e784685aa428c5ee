"""The outside world, as the story sees it: how it is told to behave, and what it believes."""

from dataclasses import dataclass
from typing import Any

from .client import Client
from .telling import BrokenPromise


@dataclass(frozen=True)
class Outside:
    """Somebody who watches the bank and the mail server, and turns their switches."""

    address: str

    def switch(self, **wanted: Any) -> None:
        """Tell the companies how to behave: ``switch(bank="down", mail=None)``."""
        self._put("/faults", wanted)

    def settle(self, payment: str) -> None:
        """Tell the bank to settle what waits under this key."""
        self._put("/settle", {"key": payment, "state": "settled"})

    def call_in_progress(self, payment: str) -> Any:
        """The call under this key that the bank has not answered yet."""
        calls = [call for call in self._see("/log") if call["key"] == payment]
        return calls[-1] if calls and calls[-1]["status"] is None else None

    def transfers(self, payment: str) -> Any:
        """What the bank believes it paid under this key."""
        return self._see(f"/books?company=bank&key={payment}")

    def recalled(self, payment: str) -> Any:
        """The transfers of this key, if they were called back."""
        transfers = self.transfers(payment)
        return transfers if {t["state"] for t in transfers} == {"recalled"} else None

    def messages(self, payment: str) -> list[Any]:
        """What the bank told us of this payment, and how we answered."""
        told = self._see("/messages")
        return [message for message in told if message["body"]["data"]["key"] == payment]

    def mails(self, words: str) -> list[Any]:
        """The messages with these words in the subject."""
        return [mail for mail in self._see("/books?company=mail") if words in mail["subject"]]

    def _see(self, path: str) -> Any:
        return Client(self.address).get(path).body

    def _put(self, path: str, wanted: Any) -> None:
        answer = Client(self.address).put(path, wanted)
        if answer.status >= 400:
            raise BrokenPromise(f"The outside world does not do {wanted}: {answer.body}")


def spoken(transfers: list[Any]) -> str:
    """The bank's records in words."""
    return "; ".join(
        f"{t['reference']}: {t['amount']} to {t['to']}, {t['state']}, asked for {_times(t)}"
        for t in transfers
    )


def _times(transfer: Any) -> str:
    return "once" if transfer["calls"] == 1 else f"{transfer['calls']} times"
