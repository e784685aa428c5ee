"""One release: real processes that run its code on the database of both."""

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

from tests.worker_process import running_worker

ROOT = Path(__file__).parents[2]
AT_MOST_SECONDS = 60
BEGIN = """
import django, json; django.setup()
from django.db.models import F
from tests.releases.warehouse.models import Order
from workflows_app import SYSTEM
from workflows_app.contract.registry import contract_of
from workflows_app.describe.timeline import timeline
from workflows_app.engine import execute
from workflows_app.models import EffectRun, Event, Operation
from workflows_app.models.clock import DatabaseNow
"""


class Release:
    """What a server, a worker or a deploy pipeline with this code does."""

    def __init__(self, name, url, book):
        self.name, self.book = name, book
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.releases.settings",
            "WORKFLOWS_TEST_DATABASE": url,
            "WAREHOUSE_RELEASE": name,
            "WAREHOUSE_BOOK": str(book),
        }

    def manage(self, *arguments):
        """Exit code and output of a management command."""
        return self._run([sys.executable, "-m", "django", *arguments])

    def do(self, program):
        """Run some lines of a server's code; what they leave as ``told``, or None."""
        lines = f"{BEGIN}\ntold = None\n{program}\nprint(json.dumps(told, default=str))"
        code, output = self._run([sys.executable, "-c", lines])
        assert code == 0, output
        return json.loads(output.splitlines()[-1])

    def order(self, title, *commands):
        """The key of a new order that has accepted these commands."""
        return self.do(
            f"order = Order.objects.create(title={title!r}); told = order.pk\n"
            + "\n".join(f"execute(order.{command}, by=SYSTEM)" for command in commands)
        )

    def run_of(self, order, effect):
        """A run's columns, as they are stored."""
        return self.do(
            f"told = EffectRun.objects.filter(object_id='{order}', effect={effect!r}).values("
            "'id', 'state', 'attempts', 'leases_lost', 'follow_up', 'follow_up_attempts').get()"
        )

    def calls(self, order):
        """Who called the outside for this order, and for what."""
        lines = self.book.read_text().splitlines() if self.book.exists() else []
        calls = [line.split() for line in lines]
        return sorted((by, effect) for by, effect, about, _ in calls if about == str(order))

    @contextmanager
    def worker(self):
        """A complete ``workflows_worker`` of this release."""
        with running_worker(self.environment, workers=1) as worker:
            yield worker
            assert worker.stop() == 0

    def _run(self, command):
        ended = subprocess.run(
            command,
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=AT_MOST_SECONDS,
        )
        return ended.returncode, ended.stdout
