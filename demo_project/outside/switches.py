"""The switches: how each company is told to fail, and how the bank confirms what it took."""

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
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
MOST_TIMES = 5
#: What a switch may say, where only words are possible; the first is how it begins.
WORDS = {
    "keys": ("honoured", "ignored"),
    "questions": ("answered", "unanswered"),
    "settles": ("settled", "refused", "when_told"),
}


@dataclass(frozen=True)
class Switch:
    """How one company behaves: well, unless a fault is set."""

    fault: str | None = None
    count: int | None = None  # for so many calls; None: until told otherwise
    seconds: float = 5.0  # how late "slow" answers, how long "timeout" holds the line
    retry_after: int | None = None  # seconds, in the answer of "busy"
    keys: str = "honoured"
    questions: str = "answered"  # "unanswered": who asks what became of an order gets 503
    settles: str = "settled"  # what becomes of a transfer by itself
    settles_after: float = 1.0  # seconds
    early: bool = False  # it settles, and says so, before it answers the transfer
    times: int = 1  # how often each confirmation is sent

    def as_json(self) -> dict[str, Any]:
        """The switch as /faults shows it."""
        return asdict(self)


#: What stays as it is when a fault is set or gone: a company's manners.
MANNERS = ("keys", "questions", "settles", "settles_after", "early", "times")


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
        now = self._by_company[company].as_json()
        try:
            switch = Switch(**{name: now[name] for name in MANNERS} | wanted)
        except TypeError:
            raise WrongSwitch(f"a switch has {list(Switch().as_json())}") from None
        return _checked(switch)


def _checked(switch: Switch) -> Switch:
    if switch.fault is not None and switch.fault not in FAULTS:
        raise WrongSwitch(f"no fault {switch.fault!r}; there are {list(FAULTS)}")
    for name, words in WORDS.items():
        if getattr(switch, name) not in words:
            raise WrongSwitch(f"{name}: {' or '.join(words)}")
    for name in ("seconds", "settles_after"):
        if getattr(switch, name) < 0:
            raise WrongSwitch(f"{name}: seconds, 0 or more")
    if not 1 <= switch.times <= MOST_TIMES:
        raise WrongSwitch(f"a confirmation is sent 1 to {MOST_TIMES} times")
    if switch.count is not None and (switch.fault == "down" or switch.count < 1):
        raise WrongSwitch("count is 1 or more, and nobody counts connections that are refused")
    return switch
