"""The heartbeat of a worker command, written by whichever of its processes looks for work."""

import os
import socket
import time
import uuid
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from workflows_app.models import WorkerBeat
from workflows_app.models.clock import DatabaseNow, database_now

EVERY = timedelta(seconds=2)
FORGET_AFTER = timedelta(hours=1)


@dataclass
class Heart:
    """The row of one started worker."""

    using: str
    id: uuid.UUID = field(default_factory=uuid.uuid4)
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    started_at: datetime = field(default_factory=timezone.now)
    _next: float = 0.0

    def beat(self, *, draining: bool) -> None:
        """Say that we are here, at most every two seconds."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + EVERY.total_seconds()
        if not self._rows().update(beat_at=DatabaseNow(), draining=draining):
            self._begin()

    def _rows(self) -> "QuerySet[WorkerBeat]":
        return WorkerBeat.objects.using(self.using).filter(pk=self.id)

    def _begin(self) -> None:
        now = database_now(self.using)
        beats = WorkerBeat.objects.using(self.using)
        beats.filter(beat_at__lt=now - FORGET_AFTER).delete()
        beats.create(
            pk=self.id, host=self.host, pid=self.pid, started_at=self.started_at, beat_at=now
        )

    def end(self) -> None:
        """Take the row away: this worker stopped as it should."""
        self._rows().delete()
