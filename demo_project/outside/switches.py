"""The switches: how each company is told to fail."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

#: Every fault, and what a caller meets.
FAULTS = {
    "down": "refuses connections",
    "busy": "answers 503 and takes nothing",
    "slow": "takes the order, and answers late",
    "timeout": "takes nothing and does not answer",
    "500": "takes nothing and answers 500",
    "accept_then_drop": "takes the order and hangs up without an answer",
    "refuse": "answers 422: never",
}
KEYS = ("honoured", "ignored")


@dataclass(frozen=True)
class Switch:
    """How one company behaves: well, unless a fault is set."""

    fault: str | None = None
    count: int | None = None  # for so many calls; None: until told otherwise
    seconds: float = 5.0  # how late "slow" answers, how long "timeout" holds the line
    retry_after: int | None = None  # seconds, in the answer of "busy"
    keys: str = "honoured"

    def as_json(self) -> dict[str, Any]:
        """The switch as /faults shows it."""
        return {
            "fault": self.fault,
            "count": self.count,
            "seconds": self.seconds,
            "retry_after": self.retry_after,
            "keys": self.keys,
        }


class WrongSwitch(Exception):
    """There is no such switch."""


class Switches:
    """One switch per company; safe for threads."""

    def __init__(self, companies: tuple[str, ...]) -> None:
        self._lock = threading.Lock()
        self._by_company = dict.fromkeys(companies, Switch())

    def of(self, company: str) -> Switch:
        """How the company behaves now."""
        return self._by_company[company]

    def set(self, wanted: Mapping[str, Any]) -> None:
        """Turn switches: ``{"bank": "busy"}`` or ``{"bank": {"fault": "slow", "seconds": 2}}``."""
        turned = {company: self._turned(company, given) for company, given in wanted.items()}
        with self._lock:
            self._by_company.update(turned)

    def use(self, company: str) -> Switch:
        """How the company behaves in this one call: a counted fault is used up by it."""
        with self._lock:
            now = self._by_company[company]
            if now.fault and now.count is not None:
                left = now.count - 1
                gone = replace(now, fault=None, count=None)
                self._by_company[company] = replace(now, count=left) if left else gone
            return now

    def as_json(self) -> dict[str, Any]:
        """Every switch."""
        return {company: switch.as_json() for company, switch in self._by_company.items()}

    def _turned(self, company: str, given: Any) -> Switch:
        if company not in self._by_company:
            raise WrongSwitch(f"no company {company!r}; there are {list(self._by_company)}")
        wanted = given if isinstance(given, Mapping) else {"fault": given}
        keys = self._by_company[company].keys
        try:
            switch = Switch(**{"keys": keys, **wanted})
        except TypeError:
            raise WrongSwitch(f"a switch has {list(Switch().as_json())}") from None
        return _checked(switch)


def _checked(switch: Switch) -> Switch:
    if switch.fault is not None and switch.fault not in FAULTS:
        raise WrongSwitch(f"no fault {switch.fault!r}; there are {list(FAULTS)}")
    if switch.keys not in KEYS:
        raise WrongSwitch(f"keys are {' or '.join(KEYS)}")
    if switch.count is not None and (switch.fault == "down" or switch.count < 1):
        raise WrongSwitch("count is 1 or more, and nobody counts connections that are refused")
    return switch
