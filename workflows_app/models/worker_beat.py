"""The heartbeat of a running worker."""

import uuid

from django.db import models
from django.utils import timezone


class WorkerBeat(models.Model):
    """One row per started worker; it says that somebody is there to perform effects."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    started_at = models.DateTimeField(default=timezone.now)
    beat_at = models.DateTimeField(default=timezone.now, db_index=True)
    draining = models.BooleanField(default=False)

    class Meta:
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.host}:{self.pid}"
