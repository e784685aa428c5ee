"""CPU time of this process and of the PostgreSQL backends that serve it, in seconds."""

import time
from dataclasses import dataclass

from django.db import connection

CPU_CLOCK_OF_A_PROCESS = 2


@dataclass(frozen=True)
class Cpu:
    app: float
    database: float

    def __sub__(self, earlier):
        return Cpu(self.app - earlier.app, self.database - earlier.database)

    def __add__(self, other):
        return Cpu(self.app + other.app, self.database + other.database)

    @property
    def both(self):
        return self.app + self.database


def used(backends):
    """CPU used so far; `backends` are process ids on this machine (none on SQLite)."""
    return Cpu(time.process_time(), sum(cpu_of(pid) for pid in backends))


def cpu_of(pid):
    # Linux gives every process's CPU clock an id made of its pid; /proc counts only in 10 ms.
    return time.clock_gettime((~pid << 3) | CPU_CLOCK_OF_A_PROCESS)


def backends():
    """The processes that serve this database: ours, and any other connection to it."""
    if connection.vendor != "postgresql":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND backend_type = 'client backend'"
        )
        return [pid for (pid,) in cursor.fetchall()]
