"""Keeping a cluster alive until it is told to stop, and stopping it in bounded time."""

import logging
import os
import time
from contextlib import suppress
from datetime import timedelta

from django import db

from .cluster import Cluster
from .crew import Crew

logger = logging.getLogger("workflows_app.queue")

PATROL = timedelta(milliseconds=100)
FIRST_PAUSE = timedelta(milliseconds=100)
LONGEST_PAUSE = timedelta(seconds=10)
#: A cluster that ran so long was fine: its end is not a sign that the next will fail too.
STEADY = timedelta(seconds=10)


class Supervisor:
    """Main's part: start, watch, start again; on a signal stop, on a second one at once."""

    def __init__(self, crew: Crew, *, stop_within: timedelta) -> None:
        self._crew = crew
        self._stop_within = stop_within
        self._hurry = False
        self._pause = FIRST_PAUSE

    def run(self) -> bool:
        """Supervise until a signal; returns whether everybody stopped by themselves."""
        cluster = self._start()
        while not self._crew.stop.wait(PATROL.total_seconds()):
            if not cluster.alive:
                cluster = self._replace(cluster)
        return self._stop(cluster)

    def asked_to_stop(self) -> None:
        """A signal came: finish what is running; a second one: do not."""
        self._hurry = self._crew.stop.is_set()
        self._crew.stop.set()

    def _start(self) -> Cluster:
        db.connections.close_all()  # the children must not share ours
        self._started = time.monotonic()
        cluster = Cluster(on_signal=self.asked_to_stop)
        cluster.try_start()
        return cluster

    def _replace(self, dead: Cluster) -> Cluster:
        logger.critical("The sentinel died; starting the cluster again in %s.", self._pause)
        dead.end()
        _bury_orphans()
        self._crew.stop.wait(self._next_pause().total_seconds())
        return self._start()

    def _next_pause(self) -> timedelta:
        if time.monotonic() - self._started > STEADY.total_seconds():
            self._pause = FIRST_PAUSE
        pause = self._pause
        self._pause = min(pause * 2, LONGEST_PAUSE)
        return pause

    def _stop(self, cluster: Cluster) -> bool:
        cluster.ask_to_stop()
        until = time.monotonic() + self._stop_within.total_seconds()
        while cluster.alive and time.monotonic() < until and not self._hurry:
            time.sleep(PATROL.total_seconds())
        in_time = not cluster.alive
        cluster.end()
        return in_time


def _bury_orphans() -> None:
    """As the first process of a container we are given the dead children of our children."""
    if os.getpid() == 1:
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
