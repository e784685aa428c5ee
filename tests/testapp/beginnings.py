"""Models that begin by a command of their own: one way in, and several."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from rest_framework import serializers

from workflows_app import (
    SYSTEM,
    Retry,
    Role,
    State,
    States,
    Workflow,
    guard,
    keyed,
    replay_safe,
    signed_in,
    transition,
)
from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

from . import remote

owner = Role("the owner", column="owner")
sales = Role("sales", "testapp.view_lead")
registrar = Role("a registrar", "testapp.add_domain")


class Stage(States):
    NEW = State("new", "New", owner=sales, initial=True)
    TRIAL = State("trial", "On trial", owner=sales, required=["company"])
    LOST = State("lost", "Lost", final=True)


class SignUp(serializers.Serializer):
    email = serializers.EmailField()
    company = serializers.CharField(required=False)


@guard("free_mail", "Use the address of your company.")
def no_free_mail(lead, cmd):
    return not cmd.data["email"].endswith("@free.example")


@replay_safe()
def greet(lead, run):
    """Greet them."""
    return remote.call("greet", lead, run)


@keyed(retry=Retry(times=3, first=timedelta(seconds=2)), carries=["email"], otherwise="lose")
def look_up(lead, run):
    """Look the company up."""
    return remote.call("look_up", lead, run)


class LeadWorkflow(Workflow, states=Stage, seen_by=owner | sales):
    @transition(
        source=None,
        target=[Stage.NEW, Stage.TRIAL],
        by=signed_in | SYSTEM,
        data=SignUp,
        guards=[no_free_mail],
        effects=[greet, look_up],
    )
    def sign_up(self, cmd):
        """Ask for a trial."""
        remote.obey("sign_up", self, cmd)
        self.owner = cmd.actor.user
        self.email = cmd.data["email"]
        self.company = cmd.data.get("company", "")
        return Stage.TRIAL if "company" in cmd.data else Stage.NEW

    @transition(source="*", target=Stage.LOST, by=owner | sales | SYSTEM)
    def lose(self, cmd):
        """Give it up."""


class Lead(LeadWorkflow, WorkflowModel):
    """Somebody who may become a customer."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    email = models.EmailField(unique=True)
    company = models.CharField(max_length=100, blank=True)
    status = StatusField(Stage)
    history = WorkflowHistory()

    def __str__(self):
        return self.email


class Registry(States):
    ASKED = State("asked", "Asked for", owner=registrar, initial=True)
    LIVE = State("live", "Live", owner=registrar)
    GONE = State("gone", "Gone", final=True)


class Name(serializers.Serializer):
    name = serializers.CharField(max_length=50)


class DomainWorkflow(Workflow, states=Registry, seen_by=signed_in):
    @transition(source=None, target=Registry.ASKED, by=signed_in & ~registrar, data=Name)
    def ask(self, cmd):
        """Ask for a name."""
        self.name = cmd.data["name"]

    @transition(source=None, target=Registry.LIVE, by=registrar, data=Name)
    def open(self, cmd):
        """Open one at once."""
        self.name = cmd.data["name"]

    @transition(source=Registry.ASKED, target=Registry.LIVE, by=registrar)
    def grant(self, cmd):
        """Give the name to who asked."""

    @transition(source=Registry.LIVE, target=Registry.GONE, by=registrar)
    def close(self, cmd):
        """Take it back."""


class Domain(DomainWorkflow, WorkflowModel):
    """A name that can be had in two ways. Deleting one is allowed in the admin."""

    name = models.CharField(max_length=50, unique=True)
    status = StatusField(Registry)
    history = WorkflowHistory()

    def __str__(self):
        return self.name
