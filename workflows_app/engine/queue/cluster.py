"""The one place that reaches into django-q2's cluster: what we put in place of its own parts.

Its queues, counters and events stand still for ever when a process is SIGKILLed inside them.
``install()`` replaces them, for releases on which this was tried; the tests of this module are
meant to fail loudly on any other.
"""

import logging
import multiprocessing
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import django_q
from django.core.exceptions import ImproperlyConfigured
from django_q import cluster
from django_q.conf import Conf
from django_q.signals import post_execute_in_worker

from .broker import WakingBroker
from .members import MemberContext, lead_a_group, leave_stopping_to_main
from .messages import Queue
from .shared import Event, Value
from .tokens import give_back

TRIED = (1, 11)
GUARD_CYCLE_SECONDS = 0.2


class Sentinel(cluster.Sentinel):  # type: ignore[misc]
    """Guards the pool; nobody of it outlives this process."""

    def start(self) -> None:
        """Spawn the pool and guard it until told to stop."""
        leave_stopping_to_main()
        lead_a_group()
        if isinstance(self.broker, WakingBroker):
            self.broker.task_queue = self.task_queue
        try:
            super().start()
        finally:
            for member in multiprocessing.active_children():
                member.kill()


REPLACEMENTS: dict[str, Any] = {
    "Queue": Queue,
    "Value": Value,
    "Event": Event,
    "get_mp_context": MemberContext,
    "Sentinel": Sentinel,
}


def install() -> None:
    """Put our parts in place of django-q2's, in this process and those it forks."""
    if django_q.VERSION[:2] != TRIED:
        raise ImproperlyConfigured(
            f"workflows_worker was tried with django-q2 {'.'.join(map(str, TRIED))}, "
            f"not with {'.'.join(map(str, django_q.VERSION))}: pip install 'django-q2>=1.11,<1.12'"
        )
    if missing := [name for name in REPLACEMENTS if not hasattr(cluster, name)]:
        raise ImproperlyConfigured(f"django_q.cluster no longer has {missing}.")
    for name, ours in REPLACEMENTS.items():
        setattr(cluster, name, ours)
    post_execute_in_worker.connect(give_back, dispatch_uid="workflows_app.give_back")


def configure(*, workers: int | None, quiet: bool) -> int:
    """Safe values where Q_CLUSTER has none, our broker in any case; returns how many workers."""
    Conf.BROKER_CLASS = f"{WakingBroker.__module__}.{WakingBroker.__qualname__}"
    Conf.WORKERS = workers or int(Conf.WORKERS)
    _unless_given("queue_limit", "QUEUE_LIMIT", Conf.WORKERS**2)
    _unless_given("save_limit", "SAVE_LIMIT", -1)
    _unless_given("catch_up", "CATCH_UP", False)
    _unless_given("guard_cycle", "GUARD_CYCLE", GUARD_CYCLE_SECONDS)
    if quiet:
        logging.getLogger("django-q").setLevel(logging.WARNING)
    return int(Conf.WORKERS)


def _unless_given(key: str, name: str, value: Any) -> None:
    if key not in Conf.conf:
        setattr(Conf, name, value)


class Cluster(cluster.Cluster):  # type: ignore[misc]
    """One sentinel and its pool, started for the supervisor."""

    def __init__(self, on_signal: Callable[[], None]) -> None:
        self._on_signal = on_signal
        super().__init__()

    def sig_handler(self, signum: int, frame: Any) -> None:
        """Leave the decision to the supervisor; ``start`` stops waiting."""
        self.start_event = None
        self._on_signal()

    def try_start(self) -> None:
        """Start; a sentinel that is killed while starting is the supervisor's case too."""
        try:
            self.start()
        except RuntimeError as error:
            logging.getLogger("workflows_app.queue").warning("%s", error)

    @property
    def alive(self) -> bool:
        """Whether the sentinel runs."""
        return bool(self.sentinel.is_alive())

    def ask_to_stop(self) -> None:
        """Let the workers finish what they do, then end."""
        self.stop_event.set()

    def end(self) -> None:
        """Kill what is left of it, now."""
        with suppress(ProcessLookupError):
            os.killpg(self.sentinel.pid, signal.SIGKILL)
        self.sentinel.kill()
        self.sentinel.join()
