"""``manage.py demo``: the site, its worker and the outside world, and the story they play."""

import signal
import sys
import tempfile
import time
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from demo_project.stage.databases import new_database, own_database
from demo_project.stage.people import load_people
from demo_project.stage.processes import DidNotStart, Stage, refuse_taken_port, running_stage
from demo_project.stage.story import play
from demo_project.stage.telling import BrokenPromise, Telling

PORT = 8000
LOOK_EVERY = 0.5  # seconds


class Command(BaseCommand):
    """Everything that is started ends with the command."""

    help = "Starts the demo, plays its story, then serves until Ctrl-C."
    requires_system_checks = ()  # they touch the database, and a taken port is said before that

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Three ways to run it."""
        how = parser.add_mutually_exclusive_group()
        how.add_argument(
            "--check",
            action="store_true",
            help="play the story on a new database; exit 0 only if every promise in it held",
        )
        how.add_argument("--serve", action="store_true", help="start everything, without the story")
        parser.add_argument(
            "--port", type=int, help=f"default: {PORT}, or a free one with a switch"
        )

    def handle(self, *_args: Any, check: bool, serve: bool, port: int | None, **_: Any) -> None:
        """Start, play and serve, in a directory that is gone afterwards."""
        signal.signal(signal.SIGTERM, _leave)
        if port is None:
            port = 0 if check or serve else PORT
        try:
            refuse_taken_port(port)
            self.check()
            with tempfile.TemporaryDirectory(prefix="demo-") as directory:
                self._run(Path(directory), port, check=check, serve=serve)
        except DidNotStart as error:
            raise CommandError(f"The demo did not start.\n{error}") from error
        except KeyboardInterrupt:
            sys.exit(128 + signal.SIGINT)

    def _run(self, directory: Path, port: int, *, check: bool, serve: bool) -> None:
        database = new_database if check else own_database
        with database(directory) as url:
            load_people()
            connection.close()  # the processes must not inherit ours
            with running_stage(directory, port=port, database_url=url) as stage:
                if not serve:
                    self._play(stage)
                if not check:
                    self._serve(stage, directory)

    def _play(self, stage: Stage) -> None:
        telling, began = Telling(self.stdout), time.monotonic()
        try:
            play(stage, telling)
        except (BrokenPromise, OSError, ValueError) as error:
            telling.broken.append(str(error))
        if telling.broken:
            raise CommandError("\n".join([stage.last_words(), "", "BROKEN:", *telling.broken]))
        seconds = time.monotonic() - began
        self.stdout.write(f"\nAll {telling.kept} promises held ({seconds:.0f} s).")

    def _serve(self, stage: Stage, logs: Path) -> None:
        self.stdout.write(
            f"\nThe site:          {stage.site}/  (start here)"
            f"\nThe outside world: {stage.outside}/"
            f"\nThe logs:          {logs}"
            "\nCtrl-C ends everything."
        )
        with suppress(KeyboardInterrupt):
            while all(process.alive for process in stage.processes):
                time.sleep(LOOK_EVERY)
            raise CommandError(stage.last_words())


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signal.SIGTERM)
