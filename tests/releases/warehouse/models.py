"""The order: both releases have the same columns, and a contract of their own."""

from django.db import models
from order_contract import OrderWorkflow, Status  # of the release that runs

from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel


class Order(OrderWorkflow, WorkflowModel):
    """An order."""

    title = models.CharField(max_length=50)
    status = StatusField(Status)
    history = WorkflowHistory()

    def __str__(self):
        return self.title
