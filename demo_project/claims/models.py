"""The claim: columns only. What may happen to it stands in workflow.py."""

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models

from workflows_app.models import StatusField, WorkflowHistory, WorkflowModel

from .workflow import ClaimWorkflow, Status


class Claim(ClaimWorkflow, WorkflowModel):
    """Somebody's request to be paid for a loss."""

    claimant = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="claims",
        editable=False,
        help_text="Who created it.",
    )
    title = models.CharField(max_length=200)
    iban = models.CharField(
        "account number",
        max_length=34,
        blank=True,
        validators=[RegexValidator(r"^[A-Z]{2}[0-9A-Z]{13,32}$", "Enter an IBAN without spaces.")],
    )
    documents = models.PositiveSmallIntegerField(default=0, help_text="How many are attached.")
    payout = models.DecimalField(
        max_digits=10, decimal_places=2, null=True, blank=True, editable=False
    )
    rejection = models.CharField(max_length=500, blank=True, editable=False)
    status = StatusField(Status)
    history = WorkflowHistory()

    class Meta:
        permissions = (
            ("review_claim", "Can review claims"),
            ("review_any_claim", "Can review claims that were escalated"),
            ("settle_claim", "Can see to the payment of claims"),
        )

    def __str__(self):
        return self.title
