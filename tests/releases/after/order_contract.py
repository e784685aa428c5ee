"""The release after: states, transitions and effects renamed, an effect new, some words gone."""

from tests.releases import outside
from workflows_app import (
    SYSTEM,
    Role,
    State,
    States,
    Workflow,
    keyed,
    replay_safe,
    transition,
)

staff = Role("staff", "warehouse.view_order")


class Status(States):
    ORDERED = State("ordered", "Ordered", owner=staff, initial=True, was=["new"])
    COLLECTING = State("collecting", "Being collected", owner=staff, was=["picking"])
    SENT = State("sent", "Sent", final=True)


@replay_safe(was=["reserve"])
def hold_stock(order, run):
    """Reserve what was ordered."""
    outside.call("hold_stock", order, run)


@keyed(then="send_off", owner=staff)
def book_courier(order, run):
    """Book the courier, once."""
    outside.call("book_courier", order, run)


@replay_safe()
def weigh(order, run):
    """Weigh it: new in this release."""
    outside.call("weigh", order, run)


class OrderWorkflow(Workflow, states=Status, seen_by=staff):
    @transition(
        source=Status.ORDERED,
        target=Status.COLLECTING,
        by=SYSTEM,
        effects=[hold_stock, book_courier, weigh],
        was=["pick"],
    )
    def collect(self, cmd):
        """Take it from the shelves."""

    @transition(source=Status.COLLECTING, target=Status.SENT, by=SYSTEM, was=["dispatch"])
    def send_off(self, cmd):
        """Give it to the courier."""
