"""Objects that belong together: a trip and its seats, with rules of the database on both."""

from django.db import models
from django.db.models import Q
from rest_framework import serializers

from workflows_app import (
    SYSTEM,
    Refused,
    Role,
    State,
    States,
    Workflow,
    guard,
    replay_safe,
    transition,
)
from workflows_app.models import Operation, StatusField, WorkflowHistory, WorkflowModel

from . import remote
from .beginnings import Lead

driver = Role("a driver", "testapp.drive_trip")


class Road(States):
    PLANNED = State("planned", "Planned", owner=driver, initial=True)
    OPEN = State("open", "Open for booking", owner=driver)
    ON = State("on", "On the road", owner=driver)
    OVER = State("over", "Over", final=True)


class Place(States):
    FREE = State("free", "Free", owner=None, initial=True, editable={driver: ["trip"]})
    TAKEN = State("taken", "Taken", owner=None)
    VOID = State("void", "Void", final=True)


class Opening(serializers.Serializer):
    bus = serializers.CharField(max_length=20)
    day = serializers.IntegerField()
    seats = serializers.IntegerField(default=0)
    plate = serializers.CharField(required=False, allow_null=True)


class Passenger(serializers.Serializer):
    passenger = serializers.CharField(max_length=90)


class Address(serializers.Serializer):
    email = serializers.EmailField()


class Number(serializers.Serializer):
    number = serializers.IntegerField()


@guard("road_closed", "The road is closed today.")
def road_is_free(trip):
    return trip.title != "closed"


@guard("seat_broken", "The seat is broken.")
def whole(seat):
    return not seat.broken


@guard("nosy", "It looks where it has no business.")
def touches_others(seat, cmd):
    cmd.execute(seat.void)
    return True


@guard("told_no", "It was told to say no.")
def as_told(seat):
    return remote.obey("as_told", seat) is not False


@replay_safe()
def squeak(seat, run):
    """Squeak."""
    return remote.call("squeak", seat, run)


@replay_safe()
def ring(trip, run):
    """Ring the bell."""
    return remote.call("ring", trip, run)


class TripWorkflow(Workflow, states=Road, seen_by=driver):
    @transition(source=Road.PLANNED, target=Road.OPEN, by=driver, data=Opening)
    def open(self, cmd):
        """Choose the bus and the day, and put the seats in."""
        self.bus, self.day = cmd.data["bus"], cmd.data["day"]
        self.plate = cmd.data.get("plate")
        for number in range(cmd.data["seats"]):
            cmd.create(Seat, trip=self, number=number)

    @transition(source=Road.OPEN, target=Road.OPEN, by=driver, data=Number)
    def limit(self, cmd):
        """Say how many may come."""
        self.places = cmd.data["number"]

    @transition(source=Road.OPEN, target=Road.ON, by=driver, effects=[ring])
    def start(self, cmd):
        """Drive off: the body has a last look at the road; nobody takes a seat any more."""
        if not road_is_free(self):
            raise Refused(road_is_free)
        for seat in self.seats.order_by("number"):
            cmd.execute(seat.void)

    @transition(source=[Road.OPEN, Road.ON], target=None, by=driver | SYSTEM, data=Passenger)
    def board(self, cmd):
        """Put a passenger on the first free seat."""
        seat = self.seats.filter(status=Place.FREE).order_by("number").first()
        cmd.execute(seat.take, data=cmd.data, reason="He stood at the door.")

    @transition(source=Road.ON, target=Road.ON, by=driver | SYSTEM)
    def count(self, cmd):
        """Note that a seat was given away."""
        self.places += 1

    @transition(source=Road.ON, target=None, by=driver)
    def circle(self, cmd):
        """Ask a seat, which asks the trip for the same again."""
        cmd.execute(self.seats.first().circle)

    @transition(source=Road.OPEN, target=None, by=driver)
    def grumble(self, cmd):
        """Refuse in so many words."""
        raise Refused("Not today.")

    @transition(source=Road.OPEN, target=None, by=driver)
    def double(self, cmd):
        """Put in a seat of a number that is there."""
        cmd.create(Seat, trip=self, number=0)

    @transition(source=Road.OPEN, target=None, by=driver)
    def overstep(self, cmd):
        """Ask a seat for what the system may not do."""
        cmd.execute(self.seats.first().only_drivers)

    @transition(source=Road.OPEN, target=None, by=driver, data=Address)
    def invite(self, cmd):
        """Ask somebody along, who becomes a lead."""
        lead = cmd.create(Lead, data={"email": cmd.data["email"]})
        self.title = f"with lead {lead.pk}"

    @transition(source=Road.ON, target=Road.OVER, by=driver | SYSTEM)
    def finish(self, cmd):
        """Arrive."""

    @transition(source=Road.OPEN, target=Road.ON, by=driver)
    def dash(self, cmd):
        """Drive off and be there at once."""
        cmd.execute(self.count)
        cmd.execute(self.finish)


class SeatWorkflow(Workflow, states=Place, seen_by=driver):
    @transition(
        source=Place.FREE, target=Place.TAKEN, by=driver | SYSTEM, data=Passenger, guards=[whole]
    )
    def take(self, cmd):
        """Somebody sits down."""
        self.passenger = cmd.data["passenger"]

    @transition(
        source=[Place.FREE, Place.TAKEN], target=Place.VOID, by=driver | SYSTEM, guards=[whole]
    )
    def void(self, cmd):
        """Nobody takes it any more."""

    @transition(source=Place.VOID, target=None, by=driver | SYSTEM)
    def circle(self, cmd):
        """Ask the trip back."""
        cmd.execute(self.trip.circle)

    @transition(source=Place.FREE, target=None, by=driver | SYSTEM)
    def domino(self, cmd):
        """Push the next one."""
        following = self.trip.seats.filter(number=self.number + 1).first()
        if following:
            cmd.execute(following.domino)

    @transition(source=Place.FREE, target=None, by=driver | SYSTEM, data=Passenger)
    def pin(self, cmd):
        """Pin a badge on."""
        self.badge = cmd.data["passenger"]

    @transition(source=Place.FREE, target=None, by=driver)
    def forge(self, cmd):
        """Rewrite the past, which the database refuses."""
        Operation.objects.update(reason="forged")

    @transition(source=Place.FREE, target=None, by=SYSTEM, guards=[touches_others])
    def nosy(self, cmd):
        """What a guard spoils."""

    @transition(source=Place.FREE, target=Place.TAKEN, by=driver | SYSTEM)
    def swap(self, cmd):
        """Sit down here and give up the next seat, whichever comes first."""
        cmd.execute(self.trip.seats.exclude(pk=self.pk).get().void)

    @transition(
        source=[Place.FREE, Place.TAKEN, Place.VOID], target=None, by=driver | SYSTEM, data=Number
    )
    def renumber(self, cmd):
        """Screw another number on."""
        self.number = cmd.data["number"]

    @transition(source=Place.FREE, target=None, by=SYSTEM, data=Number)
    def carry(self, cmd):
        """Carry it into another trip, which may be gone by now."""
        self.trip_id = cmd.data["number"]

    @transition(source=Place.FREE, target=None, by=SYSTEM)
    def burn(self, cmd):
        """Lose the trip behind everybody's back, which its seats still need."""
        Trip.objects.filter(pk=self.trip_id)._raw_delete("default")

    @transition(source=Place.FREE, target=None, by=SYSTEM)
    def unscrew(self, cmd):
        """Take the number off, which no seat may be without."""
        self.number = None

    @transition(source=Place.FREE, target=None, by=SYSTEM)
    def copy(self, cmd):
        """Put in another seat of the same number."""
        Seat.objects.create(trip=self.trip, number=self.number)

    @transition(source="*", target=None, by=SYSTEM, guards=[as_told], effects=[squeak])
    def misbehave(self, cmd):
        """Do what a test says, which may be anything."""
        remote.obey("misbehave", self, cmd)

    @transition(source=Place.FREE, target=None, by=driver)
    def only_drivers(self, cmd):
        """What the system may not do."""


class Trip(TripWorkflow, WorkflowModel):
    """A trip; a bus makes one a day."""

    title = models.CharField(max_length=100, blank=True)
    bus = models.CharField(max_length=20, blank=True)
    day = models.IntegerField(null=True)
    plate = models.CharField(max_length=20, null=True, unique=True)  # noqa: DJ001  often unknown
    places = models.PositiveIntegerField(default=0)
    status = StatusField(Road)
    history = WorkflowHistory()

    class Meta:
        permissions = (("drive_trip", "Can drive trips"),)
        constraints = (
            models.UniqueConstraint(
                fields=("bus", "day"),
                condition=~Q(bus=""),
                name="testapp_one_trip_a_day",
                violation_error_code="bus_taken",
                violation_error_message="This bus has another trip on that day.",
            ),
            models.CheckConstraint(
                condition=Q(places__lte=50),
                name="testapp_no_more_than_50",
                violation_error_code="too_many",
                violation_error_message="No bus has more than 50 places.",
            ),
            models.CheckConstraint(condition=~Q(day=13), name="testapp_not_on_the_13th"),
        )

    def __str__(self):
        return self.title


class Seat(SeatWorkflow, WorkflowModel):
    """A seat of a trip."""

    trip = models.ForeignKey(Trip, on_delete=models.CASCADE, related_name="seats")
    number = models.IntegerField()
    passenger = models.CharField(max_length=50, blank=True)
    broken = models.BooleanField(default=False)
    badge = models.CharField(max_length=20, null=True)  # noqa: DJ001  most have none
    status = StatusField(Place)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("trip", "number"), name="testapp_one_seat_a_number"),
            models.UniqueConstraint(
                fields=("badge",),
                name="testapp_one_badge",
                deferrable=models.Deferrable.DEFERRED,
                violation_error_code="badge_twice",
                violation_error_message="Somebody else wears this badge.",
            ),
        )

    def __str__(self):
        return f"{self.number}"
