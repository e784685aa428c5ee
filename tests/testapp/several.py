"""Models with two workflows each: what is sold is launched and reviewed, and a gem has two lids."""

import uuid

from django.db import models
from rest_framework import serializers

from workflows_app import (
    SYSTEM,
    Rejected,
    Role,
    State,
    States,
    Workflow,
    guard,
    keyed,
    replay_safe,
    transition,
)
from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

from . import remote

maker = Role("a maker", "testapp.make_product")
tester = Role("a tester", "testapp.test_product")


class Launch(States):
    IDEA = State("idea", "An idea", owner=maker, initial=True)
    LIVE = State("live", "On sale", owner=None)
    OFF = State("off", "Off the market", final=True)


class Review(States):
    OPEN = State("open", "To be reviewed", owner=tester, initial=True, was=["raw"])
    LAB = State("lab", "In the laboratory", owner=tester, waiting_on="the laboratory")
    PASSED = State("passed", "Passed", owner=None)
    FAILED = State("failed", "Failed", final=True, required=["fault"])


class Fault(serializers.Serializer):
    fault = serializers.CharField(max_length=50)


class Grade(serializers.Serializer):
    grade = serializers.CharField(max_length=10)


class Unsafe(Rejected):
    """The laboratory found it unsafe."""


@guard("not_passed", "It has not passed its review.")
def has_passed(product):
    return product.review_status == Review.PASSED


@replay_safe()
def tell_maker(product, run):
    """Tell the maker."""
    return remote.call("tell_maker", product, run)


@keyed(owner=maker)
def list_in_shop(product, run):
    """Put it into the shop."""
    return remote.call("list_in_shop", product, run)


@keyed(fails_with=[Unsafe], then="pass_review", otherwise="fail_review")
def ask_lab(product, run):
    """Send a sample to the laboratory."""
    return remote.call("ask_lab", product, run)


class LaunchWorkflow(Workflow, states=Launch, seen_by=maker | tester, secret=["recipe"]):
    @transition(
        source=Launch.IDEA,
        target=Launch.LIVE,
        by=maker | SYSTEM,
        guards=[has_passed],
        effects=[list_in_shop, tell_maker],
    )
    def launch(self, cmd):
        """Sell it."""

    @transition(source=Launch.IDEA, target=None, by=maker)
    def hurry(self, cmd):
        """Have it reviewed at once."""
        self.title += "!"
        cmd.execute(self.review)

    @transition(source=[Launch.IDEA, Launch.LIVE], target=Launch.OFF, by=maker | SYSTEM)
    def retire(self, cmd):
        """Sell it no more."""

    @transition(source=Launch.IDEA, target=Launch.OFF, by=maker, label="Drop the idea")
    @transition(
        source=Launch.LIVE,
        target=[Launch.OFF, None],
        by=tester | SYSTEM,
        data=Fault,
        guards=[has_passed],
        effects={Launch.OFF: [tell_maker]},
        label="Recall",
        version_required=True,
    )
    def withdraw(self, cmd):
        """Sell it no more, from one day to the next."""
        self.fault = cmd.data.get("fault", "")
        return Launch.OFF if self.fault != "none" else None


class ReviewWorkflow(
    Workflow, states=Review, seen_by=maker | tester, secret=["fault"], field="review_status"
):
    @transition(
        source=Review.OPEN,
        target=Review.LAB,
        by=tester | SYSTEM,
        effects=[ask_lab, tell_maker],
    )
    def review(self, cmd):
        """Have it tested."""

    @transition(source=Review.LAB, target=Review.PASSED, by=SYSTEM, data=Grade)
    def pass_review(self, cmd):
        """It is good."""
        self.grade = cmd.data["grade"]

    @transition(source=Review.LAB, target=Review.FAILED, by=tester | SYSTEM)
    def fail_review(self, cmd):
        """It is not, so it is not sold either."""
        self.fault = cmd.cause.failure.code if cmd.cause else "seen"
        cmd.execute(self.retire)

    @transition(source=Review.OPEN, target=[Review.PASSED, None], by=tester, data=Grade)
    def judge(self, cmd):
        """Say at once what it is worth."""
        self.grade = cmd.data["grade"]
        return Review.PASSED if self.grade == "A" else None


class Product(LaunchWorkflow, ReviewWorkflow, WorkflowModel):
    """What somebody makes."""

    title = models.CharField(max_length=100)
    recipe = models.CharField(max_length=100, blank=True)
    grade = models.CharField(max_length=10, blank=True)
    fault = models.CharField(max_length=50, blank=True)
    status = StatusField(Launch)
    review_status = StatusField(Review)
    history = WorkflowHistory()

    class Meta:
        permissions = (
            ("make_product", "Can make products"),
            ("test_product", "Can test products"),
        )

    def __str__(self):
        return self.title


class Lid(States):
    OPEN = State("open", "Open", owner=maker, initial=True)
    SHUT = State("shut", "Shut", owner=None)


class FrontWorkflow(Workflow, states=Lid, seen_by=maker, field="front"):
    @transition(source=Lid.OPEN, target=Lid.SHUT, by=maker | SYSTEM)
    def shut_front(self, cmd):
        """Shut the front."""


class BackWorkflow(Workflow, states=Lid, seen_by=maker, field="back"):
    @transition(source=None, target=Lid.SHUT, by=maker | SYSTEM, effects=[tell_maker])
    def find(self, cmd):
        """Find a gem, the back of which is shut."""

    @transition(source=Lid.SHUT, target=Lid.OPEN, by=maker | SYSTEM)
    def open_back(self, cmd):
        """Open the back."""


class Gem(FrontWorkflow, BackWorkflow, WorkflowModel):
    """Its key is a UUID, both workflows have the same states, and the second one begins it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    front = StatusField(Lid)
    back = StatusField(Lid)

    def __str__(self):
        return f"{self.front} {self.back}"
