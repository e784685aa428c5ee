"""A holiday: effects that belong together, in order and side by side, and a vendor's limit."""

from django.db import models
from rest_framework import serializers

from workflows_app import (
    SYSTEM,
    NotSent,
    Rejected,
    Role,
    State,
    States,
    Unknown,
    Workflow,
    in_order,
    keyed,
    replay_safe,
    together,
    transition,
)
from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

from . import remote

agent = Role("an agent", "testapp.view_holiday")


class Stage(States):
    WISH = State("wish", "A wish", owner=agent, initial=True)
    BOOKING = State("booking", "Being booked", owner=agent)
    BOOKED = State("booked", "Booked", final=True)
    BROKEN = State("broken", "Could not be booked", owner=agent)


class Findings(serializers.Serializer):
    """What the steps found; weather is not asked for, so it is dropped."""

    book_flight = serializers.DictField(required=False, allow_null=True)
    book_hotel = serializers.DictField(required=False, allow_null=True)
    ask_price = serializers.DictField(required=False, allow_null=True)
    ask_friend = serializers.DictField(required=False, allow_null=True)


class SoldOut(Rejected):
    """It is sold out."""


class Busy(NotSent):
    """The line is busy."""


class NoReply(Unknown):
    """Nobody has answered."""


@keyed(fails_with=[SoldOut, Busy, NoReply], owner=agent)
def book_flight(holiday, run):
    """Book the flight."""
    return remote.call("book_flight", holiday, run)


@keyed(fails_with=[SoldOut, Busy, NoReply], then="confirm", otherwise="fail")
def book_hotel(holiday, run):
    """Book the hotel."""
    return remote.call("book_hotel", holiday, run)


@replay_safe(fails_with=[SoldOut, Busy])
def ask_weather(holiday, run):
    """Ask for the weather."""
    return remote.call("ask_weather", holiday, run)


@replay_safe(fails_with=[SoldOut, Busy])
def ask_price(holiday, run):
    """Ask for the price."""
    return remote.call("ask_price", holiday, run)


@replay_safe(fails_with=[SoldOut], owner=agent)
def ask_friend(holiday, run):
    """Ask a friend."""
    return remote.call("ask_friend", holiday, run)


@replay_safe()
def tell_guest(holiday, run):
    """Tell the guest."""
    return remote.call("tell_guest", holiday, run)


@replay_safe(max_running=2, fails_with=[Busy])
def ask_guide(holiday, run):
    """Ask the guide, who has two telephones."""
    return remote.call("ask_guide", holiday, run)


@keyed(max_running=1, per="agency", fails_with=[SoldOut, Busy, NoReply], owner=agent)
def ask_agency(holiday, run):
    """Ask the agency, one question at a time."""
    return remote.call("ask_agency", holiday, run)


class HolidayWorkflow(Workflow, states=Stage, seen_by=agent):
    @transition(
        source=Stage.WISH,
        target=Stage.BOOKING,
        by=agent,
        effects=[in_order(book_flight, book_hotel, tell_guest, then="confirm", otherwise="fail")],
    )
    def book(self, cmd):
        """Book one after the other."""

    @transition(
        source=Stage.WISH,
        target=Stage.BOOKING,
        by=agent,
        effects=[together(ask_weather, ask_price, then="confirm", otherwise="fail")],
    )
    def compare(self, cmd):
        """Ask both at the same time."""

    @transition(
        source=Stage.WISH,
        target=Stage.BOOKING,
        by=agent,
        effects=[
            together(ask_weather, ask_price, ask_friend, then="confirm", otherwise="fail", needs=1)
        ],
    )
    def guess(self, cmd):
        """One answer will do."""

    @transition(
        source=Stage.WISH,
        target=Stage.BOOKING,
        by=agent,
        effects=[
            in_order(
                together(ask_weather, ask_price, needs=[ask_price]),
                in_order(book_flight, book_hotel),
                then="confirm",
                otherwise="fail",
            ),
            tell_guest,
        ],
    )
    def plan(self, cmd):
        """Ask first, then book."""

    @transition(
        source=Stage.WISH,
        target=Stage.BOOKING,
        by=agent,
        effects=[together(book_flight, book_hotel, ask_price, then="confirm", otherwise="fail")],
    )
    def hurry(self, cmd):
        """Book everything at once; what shares a lane still goes one after the other."""

    @transition(
        source=Stage.WISH,
        target=Stage.BOOKING,
        by=agent,
        effects=[in_order(ask_friend, book_flight, tell_guest, needs=[book_flight, tell_guest])],
    )
    def ask_around(self, cmd):
        """An order without a follow-up."""

    @transition(
        source=Stage.WISH,
        target=Stage.BOOKING,
        by=agent,
        effects=[in_order(book_hotel, tell_guest)],
    )
    def stay(self, cmd):
        """An order that leaves the hotel its own follow-ups."""

    @transition(source=[Stage.BOOKING, Stage.BROKEN], target=None, by=agent, effects=[book_flight])
    def rebook(self, cmd):
        """Book one more flight."""

    @transition(source="*", target=None, by=agent, effects=[ask_guide])
    def call(self, cmd):
        """Call the guide."""

    @transition(source="*", target=None, by=agent, effects=[ask_agency])
    def write(self, cmd):
        """Write to the agency."""

    @transition(
        source=Stage.WISH, target=Stage.BOOKING, by=agent, effects=[in_order(ask_price, ask_guide)]
    )
    def consult(self, cmd):
        """Ask for the price, then call the guide."""

    @transition(source=Stage.BOOKING, target=Stage.BOOKED, by=SYSTEM, data=Findings)
    def confirm(self, cmd):
        """All is booked."""
        self.findings = dict(cmd.data)
        remote.obey("confirm", self)

    @transition(source=Stage.BOOKING, target=Stage.BROKEN, by=SYSTEM, data=Findings)
    def fail(self, cmd):
        """Something could not be booked."""
        self.findings = dict(cmd.data)
        self.trouble = cmd.cause.failure.code

    @transition(source=Stage.BOOKING, target=None, by=agent, supersedes=[ask_weather, book_hotel])
    def simplify(self, cmd):
        """Do without the weather and the hotel."""

    @transition(source=Stage.BOOKING, target=Stage.WISH, by=agent | SYSTEM, supersedes="*")
    def think_again(self, cmd):
        """Go back to wishing."""


class Holiday(HolidayWorkflow, WorkflowModel):
    """What somebody wants to do."""

    title = models.CharField(max_length=100)
    agency = models.CharField(max_length=50, blank=True)
    findings = models.JSONField(default=dict)
    trouble = models.CharField(max_length=50, blank=True)
    status = StatusField(Stage)
    history = WorkflowHistory()

    def __str__(self):
        return self.title
