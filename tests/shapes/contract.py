"""The contract of an order, for whatever people and models a project has."""

from rest_framework import serializers

from workflows_app import SYSTEM, Role, State, States, Workflow, keyed, signed_in, transition

buyer = Role("the buyer", column="buyer")


class Status(States):
    NEW = State("new", "Ordered", owner=buyer, initial=True)
    SENDING = State("sending", "Being sent", owner=None)
    SENT = State("sent", "Sent", final=True)
    CANCELLED = State("cancelled", "Cancelled", final=True, cancelled=True)


class What(serializers.Serializer):
    title = serializers.CharField()


@keyed(owner=buyer, then="arrive")
def ship(order, run):
    """Give it to the carrier."""
    return {}


def order_workflow(clerk, guards=()):
    """A contract class: every project has one model, and one contract for it."""

    class OrderWorkflow(Workflow, states=Status, seen_by=buyer | clerk):
        @transition(source=None, target=Status.NEW, by=signed_in, data=What)
        def order(self, cmd):
            """Order something."""
            self.title = cmd.data["title"]
            self.buyer = cmd.actor.user

        @transition(
            source=Status.NEW, target=Status.SENDING, by=clerk, guards=list(guards), effects=[ship]
        )
        def send(self, cmd):
            """Send it."""

        @transition(source=Status.SENDING, target=Status.SENT, by=SYSTEM)
        def arrive(self, cmd):
            """It has arrived."""

        @transition(source=Status.NEW, target=Status.CANCELLED, by=buyer | clerk)
        def cancel(self, cmd):
            """Do without it."""

    return OrderWorkflow
