"""The django-q2 broker that sleeps until there is work and then hands out a token.

It wraps the broker that the project configured, whose tasks are served as before.
"""

import logging
import time
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from django_q.brokers import Broker
from django_q.brokers.orm import ORM
from django_q.conf import Conf

from .crew import crew
from .look import database
from .messages import Queue
from .purse import Receipt
from .tokens import token_task
from .watch import Token, Watch

logger = logging.getLogger("workflows_app.queue")

AFTER_AN_ERROR = timedelta(seconds=0.5)

Tasks = list[tuple[Any, str]]  # a receipt and a signed task, each


class WakingBroker(Broker):  # type: ignore[misc]
    """Tokens when effects are due, the project's own tasks otherwise."""

    #: Where fetched tasks wait for a worker; with it, no more are fetched than should wait.
    task_queue: Queue | None = None

    def __init__(self, list_key: str | None = None) -> None:
        self.inner = configured_broker(list_key)
        self.list_key = self.inner.list_key
        self.connection = self.inner.connection
        self.cache = self.inner.cache
        self._info = None
        self._watch: Watch | None = None
        self._ordinary_at = 0.0

    def dequeue(self) -> Tasks | None:
        """Wait until there is something to do, a second at most; never raises."""
        try:
            return self._next()
        except Exception:  # whatever is down, the next look may find it up
            logger.exception("Looking for work failed; trying again in a moment.")
            connections.close_all()
            time.sleep(AFTER_AN_ERROR.total_seconds())
            return None

    def _next(self) -> Tasks | None:
        if self._watch is None:  # made here, after the fork: connections are not shared
            self._watch = Watch(database(), crew(), workers=Conf.WORKERS)
        seen = self._watch.look()
        if isinstance(seen, Token):
            return [(seen.receipt, token_task())]
        if tasks := self._ordinary():
            return tasks
        self._watch.wait(min(seen, timedelta(seconds=Conf.POLL)))
        return None

    def _ordinary(self) -> Tasks | None:
        """Tasks of the project; its broker would sleep when it has none, so ask first."""
        now = time.monotonic()
        if now < self._ordinary_at or (self.task_queue and self.task_queue.full()):
            return None
        if self.inner.queue_size():
            tasks: Tasks | None = self.inner.dequeue()
            return tasks
        self._ordinary_at = now + Conf.POLL
        return None

    def close(self) -> None:
        """Let go of what was needed for watching."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()

    def acknowledge(self, task_id: Any) -> None:
        """Forward; the receipts of tokens are given back by the worker itself."""
        if not isinstance(task_id, Receipt):
            self.inner.acknowledge(task_id)

    def fail(self, task_id: Any) -> None:
        """Forward what is not a token."""
        if not isinstance(task_id, Receipt):
            self.inner.fail(task_id)

    def enqueue(self, task: str) -> Any:
        """A task of the project."""
        return self.inner.enqueue(task)

    def queue_size(self) -> int:
        """How many tasks of the project wait."""
        size: int = self.inner.queue_size()
        return size

    def lock_size(self) -> int | None:
        """How many tasks of the project are being worked on."""
        size: int | None = self.inner.lock_size()
        return size

    def delete_queue(self) -> Any:
        """Delete the project's queue."""
        return self.inner.delete_queue()

    def purge_queue(self) -> Any:
        """Empty the project's queue."""
        return self.inner.purge_queue()

    def delete(self, task_id: Any) -> Any:
        """Delete a task of the project."""
        return self.inner.delete(task_id)

    def ping(self) -> bool:
        """Whether the project's broker answers."""
        return bool(self.inner.ping())

    def info(self) -> str:
        """What django-q2's monitor shows."""
        return f"workflows over {self.inner.info()}"

    def set_stat(self, key: str, value: str, timeout: int) -> Any:
        """Where the project's broker keeps statistics."""
        return self.inner.set_stat(key, value, timeout)

    def get_stat(self, key: str) -> Any:
        """Where the project's broker keeps statistics."""
        return self.inner.get_stat(key)

    def get_stats(self, pattern: str) -> Any:
        """Where the project's broker keeps statistics."""
        return self.inner.get_stats(pattern)


def configured_broker(list_key: str | None = None) -> Broker:
    """The ORM or Redis broker of Q_CLUSTER; the ORM broker when it names none."""
    if Conf.IRON_MQ or Conf.SQS or Conf.MONGO:
        raise ImproperlyConfigured(
            'WakingBroker wraps the ORM and the Redis broker: give Q_CLUSTER "orm" or "redis".'
        )
    if Conf.ORM or not (Conf.REDIS or Conf.DJANGO_REDIS):
        Conf.ORM = Conf.ORM or "default"
        return ORM(list_key=list_key)
    from django_q.brokers.redis_broker import Redis  # needs the redis package: only on demand

    return Redis(list_key=list_key)
