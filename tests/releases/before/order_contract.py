"""The release before: the words that the next one renames, and some that it removes."""

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
    NEW = State("new", "New", owner=staff, initial=True)
    PICKING = State("picking", "Being picked", owner=staff)
    PARKED = State("parked", "Parked", owner=staff)
    SENT = State("sent", "Sent", final=True)


@replay_safe()
def reserve(order, run):
    """Reserve what was ordered."""
    outside.call("reserve", order, run)


@keyed(then="dispatch", owner=staff)
def book_courier(order, run):
    """Book the courier, once."""
    outside.call("book_courier", order, run)


@replay_safe()
def print_label(order, run):
    """Print a label."""
    outside.call("print_label", order, run)


class OrderWorkflow(Workflow, states=Status, seen_by=staff):
    @transition(
        source=Status.NEW, target=Status.PICKING, by=SYSTEM, effects=[reserve, book_courier]
    )
    def pick(self, cmd):
        """Take it from the shelves."""

    @transition(source=Status.PICKING, target=Status.SENT, by=SYSTEM)
    def dispatch(self, cmd):
        """Give it to the courier."""

    @transition(source=Status.NEW, target=Status.PARKED, by=SYSTEM, effects=[print_label])
    def park(self, cmd):
        """Put it aside."""

    @transition(source=Status.PARKED, target=Status.NEW, by=SYSTEM)
    def unpark(self, cmd):
        """Take it up again."""
