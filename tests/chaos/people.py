"""The people: a process whose threads give commands, impatiently, to the same trips.

Its arguments are a name, a seed and a journal; it goes on until it is told to stop (SIGTERM). They
click twice, act at the same time, look at old pages, and ask again under the same key when the
answer was lost; killed and started again, they ask what was left open.
"""

import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from django.contrib.auth import get_user_model
from django.db import DatabaseError, InterfaceError, connection, connections

from tests.chaos.journal import Journal, Request, left_open
from tests.chaos.trips.models import Trip
from tests.chaos.trips.workflow import Status
from workflows_app import Refused, TryAgain
from workflows_app.engine import create, execute
from workflows_app.ops import force_cancel, override

THREADS = 4
#: How far back from the newest trip they still act.
WINDOW = 60
PAUSE_SECONDS = 0.05
#: What they mostly do where a trip stands; now and then they try anything.
SENSIBLE = {
    Status.NEW: {"order": 8, "cancel": 1, "note": 1},
    Status.ORDERED: {"note": 6, "cancel": 1, "override": 1, "force_cancel": 1},
    Status.BOOKED: {"pay": 12, "cancel": 1, "note": 1},
    Status.PAYING: {"note": 5, "wait": 1, "cancel": 1, "override": 1},
    Status.PAID: {"note": 6, "cancel": 1},
    Status.HALTED: {"order": 6, "cancel": 1},
    Status.CANCELLED: {"reopen": 1, "note": 2},
}
ANYTHING = {"order": 1, "pay": 1, "note": 1, "wait": 1, "cancel": 1, "reopen": 1}
#: Where an override of somebody senior puts a trip, and nobody has to give anything back by hand.
OVERRIDES = {Status.ORDERED: Status.NEW, Status.PAYING: Status.BOOKED}
ODD = 0.1
BEGIN = 0.08
WHO = {"reopen": "clerk", "override": "senior", "force_cancel": "senior"}
HABITS = {"once": 6, "double click": 2, "rivals": 2, "old page": 1}

going = threading.Event()


class Person:
    """One thread of them, with a twin for what happens at the same moment."""

    def __init__(self, name, seed, journal):
        self.name, self.journal = name, journal
        self.random = random.Random(f"{seed} {name}")
        self.twin = ThreadPoolExecutor(1)
        self.asked = 0

    def live(self):
        """Act until it is over."""
        while going.is_set():
            try:
                self.act()
            except (DatabaseError, InterfaceError):
                self.reconnect()
            time.sleep(self.random.expovariate(1 / PAUSE_SECONDS))
        self.twin.shutdown()

    def act(self):
        trip = None if self.random.random() < BEGIN else self.some_trip()
        verb, habit = self.verb_for(trip), self.choose(HABITS)
        if habit == "double click":
            request = self.request(verb, trip)
            self.at_once(request, request)
        elif habit == "rivals":
            self.at_once(self.request(verb, trip), self.request(verb, trip))
        else:
            self.ask(self.request(verb, trip, old=habit == "old page"))
        self.journal.did(habit)

    def verb_for(self, trip):
        if trip is None:
            return "begin"
        odd = self.random.random() < ODD
        return self.choose(ANYTHING if odd else SENSIBLE.get(trip.status, ANYTHING))

    def choose(self, weights):
        return self.random.choices(list(weights), weights.values())[0]

    def some_trip(self):
        newest = Trip.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        wanted = self.random.randint(max(1, newest - WINDOW), max(1, newest))
        return Trip.objects.filter(pk=wanted).first()

    def request(self, verb, trip, *, old=False):
        self.asked += 1
        key = f"{self.name}-{self.asked}-{self.random.getrandbits(48):x}"
        if verb == "begin":
            return Request(key, verb, "customer")
        version, target = (max(0, trip.version - 1) if old else None), ""
        if verb in ("override", "force_cancel"):  # they decide about what they see
            version, target = version or trip.version, str(OVERRIDES.get(trip.status, ""))
        return Request(key, verb, WHO.get(verb, "customer"), trip.pk, version, target)

    def at_once(self, mine, his):
        other = self.twin.submit(self.ask_and_hang_up, his)
        self.ask(mine)
        other.result()

    def ask_and_hang_up(self, request):
        try:
            self.ask(request)
        finally:
            connections.close_all()

    def ask(self, request):
        """Ask until there is an answer, whatever breaks on the way."""
        self.journal.asked(request)
        for tries in range(1, 1000):
            try:
                operation = self.execute(request)
            except TryAgain:
                time.sleep(0.2)
            except Refused as refusal:
                self.journal.refused(request, refusal.code, tries=tries)
                return
            except (DatabaseError, InterfaceError):
                self.reconnect()
            except Exception as error:  # noqa: BLE001  nobody may ever see one: that is a finding
                self.journal.astonished(request, error)
                return
            else:
                self.journal.answered(request, operation, tries=tries)
                return

    def execute(self, request):
        who = user(request.person)
        if request.verb == "begin":
            new = Trip(customer=who)
            return create(new, by=who, key=request.key)
        trip = Trip.objects.get(pk=request.trip)
        said = {"by": who, "key": request.key, "version": request.version}
        if request.verb == "override":
            return override(trip, request.target, reason="Not like this.", **said)
        if request.verb == "force_cancel":
            return force_cancel(trip, reason="No more of this.", **said)
        return execute(getattr(trip, request.verb), **said)

    def reconnect(self):
        connection.close()
        time.sleep(0.1)


def user(name):
    return get_user_model().objects.get(username=name)


def main(name, seed, path):
    going.set()
    signal.signal(signal.SIGTERM, lambda *_: going.clear())
    unanswered, journal = left_open(Path(path)), Journal(path)
    # After a kill the same names would draw the same keys again.
    people = [
        Person(f"{name}.{time.time_ns()}.{n}", f"{seed}.{n}", journal) for n in range(THREADS)
    ]
    for request in unanswered:
        people[0].ask(request)
        journal.did("asked again after a kill")
    threads = [threading.Thread(target=person.live) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
