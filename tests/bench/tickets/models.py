"""A ticket: a title and a state."""

from django.db import models

from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

from .workflow import Status, TicketWorkflow


class Ticket(TicketWorkflow, WorkflowModel):
    title = models.CharField(max_length=100)
    status = StatusField(Status)
    history = WorkflowHistory()

    def __str__(self):
        return self.title
