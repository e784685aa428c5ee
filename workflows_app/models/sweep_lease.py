"""The lease under which one worker of the fleet sweeps."""

from django.db import models


class SweepLease(models.Model):
    """A single row; whoever moves ``due`` on is the one who sweeps."""

    name = models.CharField(max_length=50, primary_key=True)
    due = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name
