"""A claim whose status anybody with the right permission may overwrite."""

from django.conf import settings
from django.db import models
from simple_history.models import HistoricalRecords


class Claim(models.Model):
    claimant = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="unguarded_claims"
    )
    title = models.CharField(max_length=200)
    iban = models.CharField(max_length=34, blank=True)
    documents = models.PositiveIntegerField(default=0)
    payout = models.DecimalField(max_digits=10, decimal_places=2, null=True, blank=True)
    rejection = models.TextField(blank=True)
    status = models.CharField(
        max_length=50,
        default="draft",
        choices=[
            ("draft", "Draft"),
            ("review", "Being reviewed"),
            ("escalated", "With a senior reviewer"),
            ("paying", "Payment on its way"),
            ("halted", "Payment halted"),
            ("paid", "Paid"),
            ("rejected", "Rejected"),
            ("cancelled", "Withdrawn"),
        ],
    )
    history = HistoricalRecords()

    def __str__(self):
        return self.title
