"""The world: its companies, their doors, its books and its switches."""

import threading
from collections.abc import Mapping
from functools import partial
from typing import Any

from .bank import BANK, Bank
from .books import Books
from .companies import BankHandler, CompanyHandler
from .doors import Door
from .messenger import Messenger
from .switches import Switches
from .watch import WatchHandler

#: Each company, who stands at its door, and where it takes orders.
COMPANIES = {BANK: (BankHandler, "/bank/transfers"), "mail": (CompanyHandler, "/mail/messages")}


class World:
    """Everything outside. ``ports``: of ``outside`` and of every company; 0 is a free one.

    ``told``: the address the bank sends its messages to, signed with the ``secret``; none: nobody.
    """

    def __init__(
        self,
        host: str,
        ports: Mapping[str, int],
        path: str = ":memory:",
        *,
        told: str = "",
        secret: str = "",
    ) -> None:
        self.host = host
        self.books = Books(path)
        self.messenger = Messenger(self.books, told, secret)
        self.bank = Bank(self.books, self.messenger)
        self.switches = Switches(tuple(COMPANIES))
        self._turning = threading.Lock()
        self._watch = Door(host, ports["outside"], partial(WatchHandler, self)).open()
        self._doors = {company: self._open(company, ports[company]) for company in COMPANIES}
        self._ports = {company: door.server_port for company, door in self._doors.items()}

    @property
    def addresses(self) -> dict[str, str]:
        """Where everybody is found."""
        ports = {"outside": self._watch.server_port, **self._ports}
        return {name: f"http://{self.host}:{port}" for name, port in ports.items()}

    def turn(self, wanted: Mapping[str, Any]) -> None:
        """Turn switches, and open or close the doors they speak of."""
        with self._turning:
            self.switches.set(wanted)
            for company in wanted:
                self._follow_switch(company)

    def close(self) -> None:
        """Refuse every connection from now on, and shut the books."""
        for door in [self._watch, *self._doors.values()]:
            door.close()
        self.messenger.stop()
        self.books.close()

    def _follow_switch(self, company: str) -> None:
        is_open, down = company in self._doors, self.switches.of(company).fault == "down"
        if is_open and down:
            self._doors.pop(company).close()
        elif not is_open and not down:
            self._doors[company] = self._open(company, self._ports[company])

    def _open(self, company: str, port: int) -> Door:
        handler, place = COMPANIES[company]
        return Door(self.host, port, partial(handler, company, place, self)).open()
