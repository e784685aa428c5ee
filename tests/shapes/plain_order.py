"""An order as most projects have it: a number as key, Django's users."""

from django.conf import settings
from django.db import models

from tests.shapes.contract import Status
from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel


class PlainOrder(WorkflowModel):
    title = models.CharField(max_length=40)
    buyer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, db_constraint=False, related_name="+"
    )
    status = StatusField(Status)
    history = WorkflowHistory(inherit=True, user_db_constraint=False)

    class Meta:
        abstract = True
        permissions = [("handle_order", "Can handle orders")]

    def __str__(self):
        return self.title
