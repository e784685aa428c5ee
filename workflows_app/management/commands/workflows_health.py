"""``manage.py workflows_health``: exit 0 when the work gets done, 1 when it does not."""

import sys
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from workflows_app.engine.queue.health import health
from workflows_app.engine.queue.look import database


class Command(BaseCommand):
    """For a container's probe, and for people."""

    help = "Says how late the oldest due effect is and when a worker was last heard of."

    def add_arguments(self, parser: CommandParser) -> None:
        """When to complain."""
        parser.add_argument("--max-lag", type=float, default=60, metavar="SECONDS")
        parser.add_argument("--max-beat", type=float, default=15, metavar="SECONDS")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print, and exit by it."""
        found = health(database())
        self.stdout.write(found.summary())
        complaints = found.complaints(
            max_lag=timedelta(seconds=options["max_lag"]),
            max_beat=timedelta(seconds=options["max_beat"]),
        )
        for complaint in complaints:
            self.stderr.write(complaint)
        if complaints:
            sys.exit(1)
