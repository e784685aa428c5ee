"""The threads of one drain: they perform claimed runs, and keep what may be settled together."""

import logging
import os
import queue
import threading
import time
from dataclasses import dataclass
from typing import Any

from django.db import connections

from workflows_app.contract.effects import Effect
from workflows_app.models import EffectRun, RunState

from .ask import ask
from .perform import give_back, perform
from .queue import stopping
from .record import SharedRecord
from .traces import untold

logger = logging.getLogger("workflows_app")

OVERDUE_FACTOR = 2
AHEAD_SECONDS = 0.1
MOST_AHEAD = 200
TOO_LONG_SECONDS = 5.0


@dataclass(frozen=True)
class Job:
    """A run on its way to a thread: claimed for an attempt, or taken to be asked for."""

    run: EffectRun
    effect: Effect | None
    obj: Any
    claimed_at: float  # monotonic seconds

    @property
    def is_question(self) -> bool:
        """Whether the outside is to be asked what became of it."""
        return self.run.state != RunState.RUNNING

    @property
    def key(self) -> tuple[Any, int, int]:
        """What tells it from another claim of the same run, or another question about it."""
        return self.run.pk, self.run.fence, self.run.probes

    @property
    def waited_too_long(self) -> bool:
        """Whether those before it were slower than thought: its object may have changed by now."""
        return time.monotonic() - self.claimed_at > TOO_LONG_SECONDS

    @property
    def overdue_at(self) -> float:
        """When its attempt is past twice its time-out, in monotonic seconds."""
        seconds = self.effect.timeout.total_seconds() if self.effect else 1.0
        return self.claimed_at + OVERDUE_FACTOR * seconds


class Threads:
    """The threads of one drain. Each has its own database connection and closes it at the end."""

    def __init__(self, using: str, size: int) -> None:
        self.using, self.size, self.performed = using, size, 0
        self._noticed = 0
        self._inbox: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        # When each claim is overdue (monotonic seconds). A rescued run may be here twice.
        self._busy: dict[tuple[Any, int, int], float] = {}
        self._asking: set[tuple[Any, int, int]] = set()
        self._changed = threading.Condition()
        self._started: list[threading.Thread] = []
        self._record = SharedRecord(using)

    @property
    def free(self) -> int:
        """How many more runs can be performed at once."""
        return self.size - len(self._busy)

    @property
    def free_to_ask(self) -> int:
        """How many more runs can be asked for: half the threads are for attempts alone."""
        return min(self.free, max(1, self.size // 2) - len(self._asking))

    @property
    def ahead(self) -> int:
        """How many harmless runs to claim beyond the free threads: a moment's work for them."""
        seconds_each = max(self._record.seconds_each, 0.0001)
        return min(MOST_AHEAD, int(self.size * AHEAD_SECONDS / seconds_each) - 1)

    @property
    def idle(self) -> bool:
        """Whether nobody is performing anything."""
        return not self._busy

    @property
    def stuck(self) -> bool:
        """Whether every thread is past twice its effect's time-out."""
        now = time.monotonic()
        return self.free <= 0 and all(overdue < now for overdue in list(self._busy.values()))

    def take(self, jobs: list[Job]) -> None:
        """Perform these on free threads."""
        for job in jobs:
            with self._changed:
                self._busy[job.key] = job.overdue_at
                if job.is_question:
                    self._asking.add(job.key)
            self._inbox.put(job)
        while len(self._started) < min(self.size, len(self._busy)):
            self._started.append(threading.Thread(target=self._serve, daemon=True))
            self._started[-1].start()

    def wait(self, seconds: float) -> None:
        """Wait until a thread has become free since the last wait, but no longer than this."""
        with self._changed:
            self._changed.wait_for(self._has_room, seconds)
            self._noticed = self.performed

    def settle_kept(self) -> None:
        """Store the outcomes that wait to be stored together."""
        self._record.settle_kept()

    def finish(self) -> None:
        """Let every thread end what it does, and end."""
        for _ in self._started:
            self._inbox.put(None)
        for thread in self._started:
            while thread.is_alive():
                thread.join(1.0)
                self.leave_if_stuck()
        self.settle_kept()

    def leave_if_stuck(self) -> None:
        """End this process when no thread will come back: another one takes its place."""
        if self.stuck:
            logger.critical("every thread is past twice its effect's time-out; this worker ends")
            os._exit(70)

    def _has_room(self) -> bool:
        return self.performed > self._noticed and self.free > 0

    def _serve(self) -> None:
        try:
            while job := self._inbox.get():
                self._perform(job)
        finally:
            connections.close_all()

    def _perform(self, job: Job) -> None:
        run = job.run
        try:
            if job.waited_too_long or stopping():
                give_back(self.using, run, job.effect)
            elif job.is_question:
                ask(self.using, run, job.effect, job.obj)
            else:
                perform(self.using, run, job.effect, job.obj, self._record)
        except Exception as error:
            # The run keeps its lease; when that ends it is rescued like a dead worker's.
            logger.error("the outcome of run %s was not stored", run.pk, exc_info=untold(error))
            connections.close_all()
        finally:
            with self._changed:
                self.performed += 1
                del self._busy[job.key]
                self._asking.discard(job.key)
                self._changed.notify()
