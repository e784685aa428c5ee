"""A trip: one person, one seat, one charge."""

from django.conf import settings
from django.db import models

from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

from .workflow import Status, TripWorkflow


class Trip(TripWorkflow, WorkflowModel):
    """What somebody wants to go on."""

    customer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    price = models.PositiveIntegerField(default=100)
    seat = models.CharField(max_length=200, blank=True)
    status = StatusField(Status)
    history = WorkflowHistory()
