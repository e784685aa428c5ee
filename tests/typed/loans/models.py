"""The model: columns only."""

from django.conf import settings
from django.db import models

from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

from .workflow import LoanWorkflow, Status


class Loan(LoanWorkflow, WorkflowModel):
    """A book on its way to a reader and back."""

    reader = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT)
    address = models.CharField(max_length=200)
    fees = models.IntegerField(default=0)
    shelf_mark = models.CharField(max_length=20, blank=True)
    status = StatusField(Status)
    history = WorkflowHistory()
