"""The payment: columns only."""

from django.db import models

from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

from .workflow import PaymentWorkflow, Status


class Payment(PaymentWorkflow, WorkflowModel):
    """Money for an account."""

    iban = models.CharField(max_length=34)
    status = StatusField(Status)
    history = WorkflowHistory()

    def __str__(self):
        return self.iban
