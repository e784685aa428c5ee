"""``manage.py workflows_worker``: perform effects until told to stop."""

import sys
from typing import Any

from django.conf import settings as django_settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from workflows_app.conf import settings
from workflows_app.engine.queue.look import database
from workflows_app.engine.queue.worker import run_worker
from workflows_app.models import guard


class Command(BaseCommand):
    """Runs a django-q2 cluster any process of which may be killed at any time."""

    help = "Performs effects: a supervised django-q2 cluster. SIGTERM stops it gracefully."

    def add_arguments(self, parser: CommandParser) -> None:
        """Few: a default must serve."""
        parser.add_argument("--workers", type=int, help="processes (default: as Q_CLUSTER says)")
        parser.add_argument("--threads", type=int, help="effects at a time in each process")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Check the guard, then work until a signal."""
        self._refuse_without_guard()
        if options["threads"]:
            self._use_threads(options["threads"])
        in_time = run_worker(
            workers=options["workers"],
            stop_within=settings.STOP_WITHIN,
            quiet=options["verbosity"] < 2,
        )
        if not in_time:
            self.stderr.write("Some work was cut off; it goes on when its lease has ended.")
            sys.exit(1)

    def _refuse_without_guard(self) -> None:
        if absent := guard.absent(database()):
            raise CommandError(
                "The guard in the database is not complete, so states could change without a "
                f"record. Missing: {', '.join(absent)}. Install it with `manage.py migrate`."
            )
        if outdated := guard.missing(database()):
            self.stderr.write(
                f"The guard is that of another release ({', '.join(outdated)}), as in the middle of"
                " a deploy. If no other release is at work, run `manage.py migrate`."
            )

    def _use_threads(self, threads: int) -> None:
        given = getattr(django_settings, "WORKFLOWS", {})
        django_settings.WORKFLOWS = {**given, "THREADS": threads}
