"""The worker: a supervised django-q2 cluster whose processes may be killed at any time."""

import logging
from datetime import timedelta

from django.db import Error, connections

from .cluster import configure, install
from .crew import muster
from .look import database
from .members import name_process
from .supervisor import Supervisor

logger = logging.getLogger("workflows_app.queue")


def run_worker(*, workers: int | None, stop_within: timedelta, quiet: bool) -> bool:
    """Run until a signal; returns whether everybody stopped by themselves in time."""
    install()
    crew = muster(tokens=configure(workers=workers, quiet=quiet), using=database())
    _keep_connections()
    name_process("main")
    stopped_in_time = Supervisor(crew, stop_within=stop_within).run()
    try:
        crew.heart.end()
    except Error:
        logger.warning("The heartbeat stays until it is old: the database does not answer.")
    return stopped_in_time


def _keep_connections() -> None:
    """A worker that connects anew for every look is several times slower than one that stays."""
    for settings in connections.settings.values():
        if settings["CONN_MAX_AGE"] == 0:
            settings.update(CONN_MAX_AGE=60, CONN_HEALTH_CHECKS=True)
