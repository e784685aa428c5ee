"""A ticket's way: it is open, and it may be poked as often as somebody likes."""

import time

from workflows_app import (
    SYSTEM,
    Role,
    State,
    States,
    Unknown,
    Workflow,
    committed,
    keyed,
    replay_safe,
    transition,
)

reader = Role("a reader", "tickets.view_ticket")


class Status(States):
    OPEN = State("open", "Open", owner=None, initial=True)
    CLOSED = State("closed", "Closed", final=True)


@replay_safe()
def do_nothing(ticket, run):
    """Do nothing, so that only the engine's own work is left to measure."""
    return {}


class Lost(Unknown):
    """Nobody knows."""


@keyed(owner=reader, fails_with=[Lost])
def do_nothing_under_a_key(ticket, run):
    """The same, in a lane."""
    return {}


def find_nothing(ticket, run):
    """Nobody ever asks: nothing is lost here."""
    raise Lost


@committed(owner=reader, fails_with=[Lost], probe=find_nothing, carries=["title"])
def do_nothing_once(ticket, run):
    """The same, in a lane, and marked before it is sent."""
    return {}


@replay_safe()
def wait_for_a_vendor(ticket, run):
    """Do what most handlers do: wait for an answer."""
    time.sleep(0.05)
    return {}


@replay_safe()
def note_the_time(ticket, run):
    """Say when it was started, in seconds of this machine's clock."""
    return {"started": time.time()}


class TicketWorkflow(Workflow, states=Status, seen_by=reader):
    @transition(source=Status.OPEN, target=None, by=SYSTEM, effects=[do_nothing])
    def poke(self, cmd):
        """Ask for nothing."""

    @transition(
        source=Status.OPEN,
        target=None,
        by=SYSTEM,
        effects=[do_nothing_under_a_key, do_nothing_once, wait_for_a_vendor],
    )
    def press(self, cmd):
        """Ask for nothing in every other way."""

    @transition(source=Status.OPEN, target=None, by=SYSTEM, effects=[note_the_time])
    def clock(self, cmd):
        """Ask for the time."""

    @transition(source=Status.OPEN, target=Status.CLOSED, by=SYSTEM)
    def close(self, cmd):
        """Close it."""
