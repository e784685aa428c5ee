"""The bank's own business: a transfer is accepted first, settled later, and may be called back."""

from datetime import timedelta

from .books import Books, Entry
from .messenger import Messenger
from .switches import Switch

BANK = "bank"
PATIENCE = timedelta(seconds=5)  # so long the answer to a transfer waits for an early message
AT_ONCE = timedelta(0)


class NoSuchTransfer(Exception):
    """Nothing to call back: the bank never took it, or refused it."""


class NotYet(Exception):
    """A transfer that is not settled cannot be called back yet."""


class Bank:
    """What becomes of a transfer after it was accepted."""

    def __init__(self, books: Books, messenger: Messenger) -> None:
        self._books, self._messenger = books, messenger

    def accepted(self, transfer: Entry, switch: Switch) -> None:
        """A new transfer is in the books: settle it by and by, at once, or when told."""
        if switch.settles == "when_told":
            return
        after = AT_ONCE if switch.early else timedelta(seconds=switch.settles_after)
        self._messenger.plan(transfer, switch.settles, after=after, times=switch.times)
        if switch.early:
            self._messenger.wait_until_heard(transfer, PATIENCE)

    def settle(self, key: str, state: str, *, times: int = 1) -> None:
        """Settle what waits under this key."""
        for transfer in self._books.entries(BANK, key):
            if not self._messenger.about(transfer):
                self._messenger.plan(transfer, state, after=AT_ONCE, times=times)

    def recall(self, key: str) -> list[Entry]:
        """Call back what was paid under this key, once. Raises NoSuchTransfer or NotYet."""
        paid = [one for one in self._books.entries(BANK, key) if one.state != "refused"]
        if not paid:
            raise NoSuchTransfer
        if any(one.state == "accepted" for one in paid):
            raise NotYet
        for transfer in paid:
            self._books.move(transfer.id, "settled", "recalled")
        return self._books.entries(BANK, key)
