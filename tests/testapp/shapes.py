"""Models of unusual shapes: other keys, a proxy, an abstract base, a save() of their own."""

import uuid

from django.db import models
from django.utils import timezone

from workflows_app import SYSTEM, Role, State, States, Workflow, transition
from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

staff = Role("staff", "testapp.view_parcel")


class Lid(States):
    OPEN = State("open", "Open", owner=staff, initial=True)
    SHUT = State("shut", "Shut", owner=None)


class CrateWorkflow(Workflow, states=Lid, seen_by=staff):
    @transition(source=Lid.OPEN, target=Lid.SHUT, by=staff | SYSTEM)
    def shut(self, cmd):
        """Close the lid."""

    @transition(source=Lid.SHUT, target=Lid.OPEN, by=staff | SYSTEM)
    def reopen(self, cmd):
        """Open it again."""


class LabelWorkflow(Workflow, states=Lid, seen_by=staff):
    @transition(source=Lid.OPEN, target=Lid.SHUT, by=staff | SYSTEM)
    def shut(self, cmd):
        """Stick it on."""


class TagWorkflow(Workflow, states=Lid, seen_by=staff):
    @transition(source=Lid.OPEN, target=Lid.SHUT, by=staff | SYSTEM)
    def shut(self, cmd):
        """Tie it on."""


class LetterWorkflow(Workflow, states=Lid, seen_by=staff, field="lid"):
    @transition(source=Lid.OPEN, target=Lid.SHUT, by=staff | SYSTEM)
    def shut(self, cmd):
        """Seal it."""


class Crate(CrateWorkflow, WorkflowModel):
    """Its key is a UUID."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(max_length=100, blank=True)
    picture = models.FileField(upload_to="crates", blank=True)
    status = StatusField(Lid)
    history = WorkflowHistory()

    def __str__(self):
        return self.title


class Box(Crate):
    """A proxy: the same rows under another name."""

    class Meta:
        proxy = True


class Label(LabelWorkflow, WorkflowModel):
    """Its key is a text, it keeps no history, and its save() does something first."""

    code = models.CharField(max_length=30, primary_key=True)
    title = models.CharField(max_length=100, blank=True)
    status = StatusField(Lid)

    def __str__(self):
        return self.code

    def save(self, *args, **kwargs):
        self.title = self.title.strip()
        super().save(*args, **kwargs)


class Tag(TagWorkflow, WorkflowModel):
    """Its key is another model's UUID, and it declares the time of its state itself."""

    crate = models.OneToOneField(Crate, primary_key=True, on_delete=models.CASCADE)
    title = models.CharField(max_length=100, blank=True)
    status = StatusField(Lid)
    status_since = models.DateTimeField("shut since", default=timezone.now, editable=False)

    def __str__(self):
        return self.title


class Sealable(LetterWorkflow, WorkflowModel):
    """An abstract base that brings contract, field and history."""

    title = models.CharField(max_length=100, blank=True)
    lid = StatusField(Lid)
    history = WorkflowHistory(inherit=True)

    class Meta:
        abstract = True

    def __str__(self):
        return self.title


class Letter(Sealable):
    """Inherits everything from an abstract base."""
