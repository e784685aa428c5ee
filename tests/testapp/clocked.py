"""A case: states with clocks of every kind."""

from datetime import timedelta

from django.db import models

from workflows_app import (
    SYSTEM,
    After,
    State,
    States,
    Workflow,
    guard,
    replay_safe,
    signed_in,
    transition,
)
from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

from . import remote

HOUR = timedelta(hours=1)


class Office:
    """Open from 9 to 17 in UTC, every day."""

    def add(self, moment, amount):
        """The moment when so many open hours have passed."""
        while True:
            opens = moment.replace(hour=9, minute=0, second=0, microsecond=0)
            closes = opens + 8 * HOUR
            begin = max(moment, opens)
            if begin + amount <= closes:
                return begin + amount
            amount -= max(timedelta(0), closes - begin)
            moment = opens + timedelta(days=1)

    def between(self, begin, end):
        """The open hours from one moment to another."""
        opens = begin.replace(hour=9, minute=0, second=0, microsecond=0)
        total = timedelta(0)
        while opens < end:
            total += max(timedelta(0), min(end, opens + 8 * HOUR) - max(begin, opens))
            opens += timedelta(days=1)
        return total


def again(case):
    """Every eight hours; of some only once."""
    return None if case.title == "once" else 8 * HOUR


def grace(case):
    """Half of its patience; none where it has none."""
    return case.patience and case.patience / 2


@replay_safe()
def remind(case, run):
    """Remind the reviewers."""
    return remote.call("remind", case, run)


#: One clock over three states, which stands still while the customer is asked.
promise = After(timedelta(days=3), then="give_up", name="promise", pauses_in=["asked"])


class Stage(States):
    NEW = State(
        "new",
        "New",
        owner=signed_in,
        initial=True,
        editable=["title", "ready"],
        deadline=After(timedelta(0), then="begin"),
    )
    REVIEW = State(
        "review",
        "Being reviewed",
        owner=signed_in,
        editable=["ready"],
        deadline=[
            After(24 * HOUR, then="escalate"),
            promise,
            After(8 * HOUR, then="remind", every=8 * HOUR, was=["poke"]),
        ],
    )
    SECOND = State("second", "With a senior", owner=signed_in, deadline=promise)
    PARKED = State(
        "parked",
        "Parked",
        owner=signed_in,
        editable=["title"],
        deadline=[promise, After(8 * HOUR, then=remind, name="parked", every=again)],
    )
    ASKED = State("asked", "The customer is asked", owner=signed_in)
    BOOKED = State(
        "booked",
        "Booked",
        owner=signed_in,
        editable=["patience", "departs", "ready"],
        deadline=[
            After(at="departs", then="depart", name="departure"),
            After("patience", then="cancel"),
            After(grace, then="warn", name="warning"),
        ],
    )
    DESK = State(
        "desk",
        "On the desk",
        owner=signed_in,
        deadline=After(10 * HOUR, then="close", hours=Office(), pauses_in=["drawer"]),
    )
    DRAWER = State("drawer", "In the drawer", owner=None)
    CLOSED = State("closed", "Closed", final=True)
    CANCELLED = State("cancelled", "Cancelled", final=True, cancelled=True)


@guard("not_ready", "Say that it is ready first.")
def is_ready(case):
    return case.ready


@replay_safe()
def warn(case, run):
    """Warn the customer."""
    return remote.call("warn", case, run)


class CaseWorkflow(Workflow, states=Stage, seen_by=signed_in):
    @transition(source=Stage.NEW, target=Stage.REVIEW, by=signed_in | SYSTEM, guards=[is_ready])
    def begin(self, cmd):
        """Hand it to the reviewers."""
        if self.title == "poison":
            raise RuntimeError("Nobody knows how to begin this.")

    @transition(source=Stage.REVIEW, target=Stage.SECOND, by=signed_in | SYSTEM, was=["pass_on"])
    def escalate(self, cmd):
        """Pass it to a senior."""

    @transition(source=Stage.SECOND, target=Stage.CLOSED, by=SYSTEM)
    def give_up(self, cmd):
        """The promised time is over."""

    @transition(source=Stage.REVIEW, target=Stage.PARKED, by=signed_in)
    def park(self, cmd):
        """Put it aside."""

    @transition(source=Stage.PARKED, target=Stage.SECOND, by=signed_in)
    def go_on(self, cmd):
        """A senior goes on with it."""

    @transition(source=[Stage.REVIEW, Stage.SECOND], target=Stage.ASKED, by=signed_in)
    def ask(self, cmd):
        """Ask the customer."""

    @transition(source=Stage.ASKED, target=Stage.SECOND, by=signed_in)
    def hear(self, cmd):
        """The customer has answered."""

    @transition(source=[Stage.NEW, Stage.REVIEW, Stage.BOOKED], target=None, by=signed_in)
    def touch(self, cmd):
        """Nothing changes."""

    @transition(source=Stage.REVIEW, target=Stage.REVIEW, by=signed_in)
    def again(self, cmd):
        """Enter the review anew."""

    @transition(source=Stage.NEW, target=Stage.BOOKED, by=signed_in)
    def book(self, cmd):
        """It has a day to depart on."""

    @transition(source=Stage.BOOKED, target=Stage.CLOSED, by=SYSTEM, guards=[is_ready])
    def depart(self, cmd):
        """Off it goes."""

    @transition(source=Stage.BOOKED, target=Stage.CANCELLED, by=signed_in | SYSTEM)
    def cancel(self, cmd):
        """It is not wanted any more."""

    @transition(source=[Stage.NEW, Stage.DRAWER], target=Stage.DESK, by=signed_in)
    def take(self, cmd):
        """Put it on the desk."""

    @transition(source=Stage.DESK, target=Stage.DRAWER, by=signed_in)
    def put_away(self, cmd):
        """Put it into the drawer."""

    @transition(source=Stage.DESK, target=Stage.CLOSED, by=signed_in | SYSTEM)
    def close(self, cmd):
        """Nothing more is to be done."""


class Case(CaseWorkflow, WorkflowModel):
    """A case."""

    title = models.CharField(max_length=100)
    ready = models.BooleanField(default=False)
    patience = models.DurationField(null=True, blank=True)
    departs = models.DateTimeField(null=True, blank=True)
    status = StatusField(Stage)
    history = WorkflowHistory()

    def __str__(self):
        return self.title
