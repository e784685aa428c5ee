"""The model of an order."""

from django.db import models

from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

from .workflow import OrderWorkflow, Packing, PackingWorkflow, Status


class Order(OrderWorkflow, PackingWorkflow, WorkflowModel):
    """An order."""

    address = models.CharField(max_length=100, blank=True)
    status = StatusField(Status)
    packing = StatusField(Packing)
    history = WorkflowHistory()

    class Meta:
        permissions = (
            ("handle_order", "Can handle orders"),
            ("override_order", "Can override orders"),
        )

    def __str__(self):
        return f"Order {self.pk}"
