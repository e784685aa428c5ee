"""The models of the test app."""

from django.conf import settings
from django.db import models

from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

from .beginnings import Domain, Lead
from .bills import Bill
from .clocked import Case
from .holidays import Holiday
from .linked import Seat, Trip
from .payments import Payment
from .several import Gem, Product
from .shapes import Box, Crate, Label, Letter, Tag
from .workflow import ParcelWorkflow, Status

__all__ = [
    "Bill",
    "Box",
    "Case",
    "Crate",
    "Domain",
    "Gem",
    "Holiday",
    "Label",
    "Lead",
    "Letter",
    "Parcel",
    "Payment",
    "Product",
    "Seat",
    "Tag",
    "Trip",
]


class Parcel(ParcelWorkflow, WorkflowModel):
    """A parcel."""

    sender = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    title = models.CharField(max_length=100)
    address = models.CharField(max_length=200, blank=True)
    grams = models.PositiveIntegerField(null=True)
    tracking = models.CharField(max_length=50, blank=True)
    trouble = models.CharField(max_length=50, blank=True)
    status = StatusField(Status)
    history = WorkflowHistory()

    class Meta:
        permissions = (("handle_parcel", "Can handle parcels"),)
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(tracking__startswith="!"),
                name="testapp_parcel_tracking",
                violation_error_code="tracking_odd",
                violation_error_message="No tracking number begins like this.",
            ),
            models.UniqueConstraint(
                fields=("sender", "title"),
                name="testapp_parcel_title",
                condition=models.Q(title__startswith="only "),
            ),
        )

    def __str__(self):
        return self.title
