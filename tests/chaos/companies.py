"""The companies outside: what each does when it is asked, how often it fails, what it remembers."""

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

#: Longer than any client waits.
TOO_LATE_SECONDS = 2.0
#: How long what was accepted may take.
SETTLES_WITHIN_SECONDS = 1.5


@dataclass
class Entry:
    """One call: what was asked under which key, and what came of it."""

    order: int
    at: float  # seconds since the epoch
    service: str
    key: str
    trip: str
    outcome: str
    answered: bool
    #: Whether it did what was asked, now and not in answer to an earlier call.
    took: bool
    #: Of what was accepted: pending, settled or refused; of what was undone: undone.
    state: str = "settled"
    reference: str = ""


@dataclass(frozen=True)
class Company:
    """How often a call ends so (out of 1), and what the company is like."""

    knows_keys: bool = True
    settles_later: bool = False
    undoes: str = ""  # the service whose doing it takes back
    refuses: float = 0.0
    busy: float = 0.1
    vanishes: float = 0.05  # takes nothing, and hangs up
    forgets_to_answer: float = 0.07  # does it, and hangs up
    too_late: float = 0.02  # does it, and answers when nobody waits any more
    seconds: float = 0.03


COMPANIES = {
    "reserve": Company(refuses=0.06),
    "release": Company(undoes="reserve"),
    "charge": Company(refuses=0.04, knows_keys=False, settles_later=True),
    "refund": Company(undoes="charge"),
    "ticket": Company(refuses=0.05),
    "tell": Company(knows_keys=False),
    "score": Company(knows_keys=False, busy=0.03, seconds=0.0),
}
TROUBLES = ("busy", "vanishes", "forgets_to_answer", "too_late")


@dataclass
class World:
    """Its book, what it did by key, and whether it still misbehaves."""

    seed: int
    postman: object
    book: list[Entry] = field(default_factory=list)
    done: dict[tuple[str, str], Entry] = field(default_factory=dict)
    asked: Counter = field(default_factory=Counter)
    calm: bool = False

    def draw(self, *what):
        """A number from 0 to 1 that is the same for the same seed."""
        return random.Random("|".join(map(str, (self.seed, *what)))).random()

    def find(self, service, key):
        """What it knows of a key."""
        entry = self.done.get((service, key))
        return entry and {"reference": entry.reference, "state": entry.state}

    async def call(self, service, key, trip, undoes):
        """Do it, or not; the status to answer with (None: hang up), and what it says."""
        company = COMPANIES[service]
        self.asked[service, key] += 1
        trouble = self._trouble(company, service, key)
        if trouble == "busy":
            return self._note(service, key, trip, "busy", 503)
        if trouble == "vanishes":
            return self._note(service, key, trip, "vanished", None)
        if self.draw(service, key, "refused") < company.refuses:
            return self._note(service, key, trip, "refused", 422)
        known = self.done.get((service, key)) if company.knows_keys else None
        answers = trouble in ("", "too_late")
        status = 200 if answers else None
        self._note(service, key, trip, "again" if known else "took", status)
        entry = known or self._do(service, key, company, undoes)
        await self._take_time(company, service, key, trouble)
        return status, {"reference": entry.reference, "state": entry.state}

    def _trouble(self, company, service, key):
        if self.calm:
            return ""
        point = self.draw(service, key, self.asked[service, key])
        for kind in TROUBLES:
            point -= getattr(company, kind)
            if point < 0:
                return kind
        return ""

    def _note(self, service, key, trip, outcome, status):
        self.book.append(
            Entry(
                len(self.book), time.time(), service, key, trip, outcome, status is not None,
                took=outcome == "took", state="settled" if outcome == "took" else "",
            )
        )  # fmt: skip
        return status, {}

    def _do(self, service, key, company, undoes):
        entry = self.done[service, key] = self.book[-1]
        entry.reference = f"{service}-{entry.order}"
        if company.undoes:
            self._undo(company.undoes, undoes)
        if company.settles_later:
            entry.state = "pending"
            asyncio.get_running_loop().call_later(
                SETTLES_WITHIN_SECONDS * self.draw(service, key, "settles"), self._settle, entry
            )
        return entry

    def _undo(self, service, key):
        """One that was done under that key: if there were two, one stays, and is found."""
        for entry in self.book:
            same = (entry.service, entry.key) == (service, key)
            if same and entry.took and entry.state in ("pending", "settled"):
                entry.state = "undone"
                return

    def _settle(self, entry):
        if entry.state != "pending":
            return
        refused = self.draw(entry.service, entry.key, "refused later") < 0.05
        entry.state = "refused" if refused else "settled"
        self.postman.send(f"{entry.service}.{entry.state}", entry)

    async def _take_time(self, company, service, key, trouble):
        if trouble == "too_late":
            await asyncio.sleep(TOO_LATE_SECONDS)
        elif company.seconds:
            # Now and then so long that what was accepted is settled before the answer is written.
            patience = 20 if self.draw(service, key, "slow") < 0.1 else 2
            await asyncio.sleep(company.seconds * self.draw(service, key, "seconds") * patience)
