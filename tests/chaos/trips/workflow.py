"""A trip's way: ordered, booked, paid, made ready; given up, halted, called off at any time."""

from datetime import timedelta

from rest_framework import serializers

from workflows_app import (
    SYSTEM,
    After,
    Role,
    State,
    States,
    Workflow,
    in_order,
    together,
    transition,
)

from .effects import (
    charge,
    clerk,
    customer,
    insure,
    remind,
    reserve,
    score,
    tell,
    ticket,
)

senior = Role("a senior clerk", "trips.delete_trip")


class Status(States):
    NEW = State("new", "New", owner=customer, initial=True)
    ORDERED = State(
        "ordered", "Being booked", owner=clerk, waiting_on="the carrier",
        deadline=After(timedelta(seconds=15), then="lapse"),
    )  # fmt: skip
    BOOKED = State(
        "booked", "Booked", owner=customer,
        deadline=After(timedelta(seconds=3), then=remind),
    )  # fmt: skip
    PAYING = State(
        "paying", "Being paid", owner=clerk, waiting_on="the bank",
        deadline=After(timedelta(seconds=1), then=remind, every=timedelta(seconds=2)),
    )  # fmt: skip
    PAID = State("paid", "Paid", owner=clerk)
    READY = State("ready", "Ready", final=True)
    HALTED = State("halted", "Halted", owner=clerk)
    CANCELLED = State("cancelled", "Cancelled", final=True, cancelled=True)


#: Where the carrier keeps a seat for it, and where the bank has its money.
SEATED = (Status.BOOKED, Status.PAYING, Status.PAID, Status.READY)
CHARGED = (Status.PAID, Status.READY)


class Seat(serializers.Serializer):
    reference = serializers.CharField()


class TripWorkflow(Workflow, states=Status, seen_by=customer | clerk | senior, override=senior):
    @transition(
        source=[Status.NEW, Status.HALTED],
        target=Status.ORDERED,
        by=customer | clerk,
        effects=[reserve, tell, score],
    )
    def order(self, cmd):
        """Ask for a seat."""

    @transition(source=Status.ORDERED, target=Status.BOOKED, by=SYSTEM, data=Seat)
    def book(self, cmd):
        """The carrier has a seat."""
        self.seat = cmd.data["reference"]

    @transition(source=Status.ORDERED, target=Status.HALTED, by=SYSTEM)
    def halt(self, cmd):
        """The carrier has none."""

    @transition(source=Status.ORDERED, target=Status.HALTED, by=SYSTEM, supersedes=[reserve])
    def lapse(self, cmd):
        """The carrier takes too long."""

    @transition(
        source=Status.BOOKED, target=Status.PAYING, by=customer | clerk, effects=[charge, tell]
    )
    def pay(self, cmd):
        """Pay for it."""

    @transition(
        source=Status.PAYING, target=Status.BOOKED, by=customer | clerk, supersedes=[charge]
    )
    def wait(self, cmd):
        """Not pay yet."""

    @transition(
        source=Status.PAYING,
        target=Status.PAID,
        by=SYSTEM,
        data=Seat,
        effects=[
            in_order(
                together(ticket, insure, needs=[ticket]), tell, then="finish", otherwise="muddle"
            ),
            score,
        ],
    )
    def settle(self, cmd):
        """The bank has the money."""

    @transition(source=Status.PAYING, target=Status.BOOKED, by=SYSTEM)
    def fail(self, cmd):
        """The bank will not pay."""

    @transition(source=Status.PAID, target=Status.READY, by=SYSTEM)
    def finish(self, cmd):
        """Everything is there."""

    @transition(source=Status.PAID, target=None, by=SYSTEM, effects=[score])
    def muddle(self, cmd):
        """Something is missing; it goes anyway."""

    @transition(source="*", target=None, by=customer | clerk, effects=[score])
    def note(self, cmd):
        """Say something about it."""

    @transition(
        source=[
            Status.NEW,
            Status.ORDERED,
            Status.BOOKED,
            Status.PAYING,
            Status.HALTED,
            Status.PAID,
        ],
        target=Status.CANCELLED,
        by=customer | clerk,
        undoes=[reserve, charge],
        effects=[tell],
    )
    def cancel(self, cmd):
        """Not go."""

    @transition(source=Status.CANCELLED, target=Status.NEW, by=clerk)
    def reopen(self, cmd):
        """Go after all."""
