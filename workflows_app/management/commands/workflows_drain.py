"""``manage.py workflows_drain``: perform what is due here, in the foreground, without a worker."""

import math
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import router

from workflows_app.engine.drain import drain
from workflows_app.models import EffectRun

LOOK_SECONDS = 0.2


class Command(BaseCommand):
    """For a shell, a cron job or a test; safe beside any number of workers."""

    help = "Perform the effects that are due, in the foreground, until none is."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """``--wait`` stays for retries that are due later."""
        parser.add_argument(
            "--wait",
            type=float,
            default=0.0,
            metavar="SECONDS",
            help="Stay up to so many seconds for runs that are due later.",
        )

    def handle(self, *args: Any, wait: float, **options: Any) -> None:
        """Drain, and again while there is time and something is still to come."""
        ends = time.monotonic() + wait
        attempts = drain(at_most_seconds=math.inf)
        while _open() and time.monotonic() < ends:
            time.sleep(LOOK_SECONDS)
            attempts += drain(at_most_seconds=math.inf)
        self.stdout.write(f"{attempts} attempts made, {_open()} runs still open.")


def _open() -> int:
    """How many runs are not settled yet, for whatever reason."""
    return EffectRun.objects.using(router.db_for_write(EffectRun)).open().count()
