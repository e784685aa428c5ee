"""A parcel's way: one contract that uses every word of the language."""

from datetime import timedelta

from rest_framework import serializers

from workflows_app import (
    SYSTEM,
    NotSent,
    Rejected,
    Retry,
    Role,
    State,
    States,
    Unknown,
    Workflow,
    guard,
    keyed,
    replay_safe,
    transition,
)

from . import remote

sender = Role("the sender", column="sender")
clerk = Role("a clerk", "testapp.handle_parcel")
staff = Role("staff", "testapp.view_parcel")


class Status(States):
    NEW = State("new", "New", owner=sender, initial=True, was=["fresh"])
    PACKED = State(
        "packed",
        "Packed",
        owner=clerk,
        required=["address"],
        editable=["title", "address", "grams"],
    )
    SHIPPING = State(
        "shipping", "On its way", owner=clerk, waiting_on="the carrier", was=["sent", "underway"]
    )
    HALTED = State("halted", "Halted", owner=clerk)
    SHELF = State(
        "shelf", "On the shelf", owner=None, editable={clerk: ["title"], sender: ["address"]}
    )
    ARRIVED = State("arrived", "Arrived", final=True)
    RETURNED = State("returned", "Returned", final=True, cancelled=True)


class Weight(serializers.Serializer):
    grams = serializers.IntegerField(min_value=1)
    note = serializers.CharField(required=False, allow_blank=True)


class Arrival(serializers.Serializer):
    tracking = serializers.CharField()


@guard("address_missing", "Enter the address first.")
def has_address(parcel):
    return bool(parcel.address)


@guard("too_heavy", "It is too heavy for one parcel.")
def light_enough(parcel, cmd):
    return cmd.data["grams"] <= 30_000


class CarrierBusy(NotSent):
    """The carrier is busy and took nothing."""


class CarrierSilent(Unknown):
    """The carrier did not answer in time; it may have the parcel."""


class AddressRefused(Rejected):
    """The carrier does not know the address."""


QUICK = Retry(times=3, first=timedelta(seconds=2))


@keyed(
    retry=QUICK,
    carries=["address"],
    fails_with=[CarrierBusy, CarrierSilent, AddressRefused],
    then="arrive",
    otherwise="halt",
    was=["give_away"],
)
def hand_over(parcel, run):
    """Give the parcel to the carrier, once."""
    return remote.call("hand_over", parcel, run)


@keyed(retry=QUICK, fails_with=[CarrierBusy, CarrierSilent, AddressRefused], owner=clerk)
def insure(parcel, run):
    """Insure the parcel; a person looks when it fails."""
    return remote.call("insure", parcel, run)


@replay_safe(retry=QUICK, fails_with=[CarrierBusy, AddressRefused])
def tell_sender(parcel, run):
    """Tell the sender where the parcel is."""
    return remote.call("tell_sender", parcel, run)


class ParcelWorkflow(Workflow, states=Status, seen_by=sender | staff, secret=["address"]):
    @transition(
        source=Status.NEW,
        target=Status.PACKED,
        by=sender | clerk,
        data=Weight,
        guards=[has_address, light_enough],
    )
    def pack(self, cmd):
        """Put it into a box and weigh it."""
        self.grams = cmd.data["grams"]

    @transition(
        source=[Status.PACKED, Status.HALTED],
        target=Status.SHIPPING,
        by=clerk & ~sender,
        guards=[has_address],
        effects=[hand_over, tell_sender],
        was=["post", "dispatch"],
    )
    def ship(self, cmd):
        """Hand it to the carrier."""

    @transition(
        source=Status.SHIPPING,
        target=Status.ARRIVED,
        by=SYSTEM,
        data=Arrival,
        effects=[tell_sender],
        was=["come"],
    )
    def arrive(self, cmd):
        """The carrier has it."""
        self.tracking = cmd.data["tracking"]

    @transition(source=Status.SHIPPING, target=Status.HALTED, by=SYSTEM)
    def halt(self, cmd):
        """The carrier does not take it."""
        self.trouble = cmd.cause.failure.code

    @transition(
        source=Status.PACKED,
        target=[Status.SHELF, Status.RETURNED, None],
        by=clerk | SYSTEM,
        effects={Status.SHELF: [tell_sender], Status.RETURNED: [insure, tell_sender]},
    )
    def sort(self, cmd):
        """Decide where it goes."""
        return {"s": Status.SHELF, "r": Status.RETURNED}.get(self.title[:1])

    @transition(source="*", target=None, by=clerk, effects=[insure], version_required=True)
    def cover(self, cmd):
        """Insure it where it stands."""

    @transition(source=Status.SHELF, target=Status.SHELF, by=clerk)
    def dust(self, cmd):
        """Enter the shelf anew."""

    @transition(source=[Status.RETURNED, Status.SHELF], target=Status.PACKED, by=clerk)
    def again(self, cmd):
        """Take it out once more."""
