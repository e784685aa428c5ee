"""``manage.py workflow_check [--live]``: may this code be deployed on this database?

Exit code 0: yes. 1: no, there are faults. 2: it could not be asked.
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage
from django.core.management.base import BaseCommand
from django.db import Error

from workflows_app.ops.live import live_findings

FAULTS, UNASKED = 1, 2
_LEVELS = {checks.ERROR: "error", checks.WARNING: "warning", checks.INFO: "notice"}


class Command(BaseCommand):
    """For a deploy pipeline: before the new code's migrations, and again after them."""

    help = (
        "Checks the contracts; with --live also what stands in the database that they do not know."
    )
    # Its own answer says them, in the format asked for.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to ask, how to say it, and what is a fault."""
        parser.add_argument(
            "--live", action="store_true", help="Ask the database, too; it is only read."
        )
        parser.add_argument(
            "--before-migrate",
            action="store_true",
            help="With --live: this code's migrations are still to run; do not miss what they"
            " install.",
        )
        parser.add_argument("--format", choices=("text", "json"), default="text")
        parser.add_argument(
            "--fail-level",
            choices=("error", "warning"),
            default="error",
            help="The least that is a fault (default: error).",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Find, say, and exit by it."""
        try:
            found = self._found(live=options["live"], before_migrate=options["before_migrate"])
        except Error as error:
            self.stderr.write(f"The database could not be asked: {error}")
            sys.exit(UNASKED)
        least = checks.ERROR if options["fail_level"] == "error" else checks.WARNING
        fine = all(message.level < least for message in found)
        say = self._say_json if options["format"] == "json" else self._say_text
        say(found, fine=fine)
        if not fine:
            sys.exit(FAULTS)

    def _found(self, *, live: bool, before_migrate: bool) -> list[CheckMessage]:
        found: Iterable[CheckMessage] = checks.run_checks(tags=["workflows"])
        if live:
            found = [*found, *live_findings(before_migrate=before_migrate)]
        heard = [message for message in found if not message.is_silenced()]
        return sorted(heard, key=lambda message: -message.level)

    def _say_text(self, found: list[CheckMessage], *, fine: bool) -> None:
        for message in found:
            self.stdout.write(f"{_level(message).upper()} {message}")
        counted = [
            f"{level}s: {sum(_level(message) == level for message in found)}"
            for level in _LEVELS.values()
        ]
        verdict = "fine" if fine else "not fine"
        self.stdout.write(f"workflow_check: {verdict} ({', '.join(counted)}).")

    def _say_json(self, found: list[CheckMessage], *, fine: bool) -> None:
        told = {"fine": fine, "findings": [_as_json(message) for message in found]}
        self.stdout.write(json.dumps(told, indent=2))


def _as_json(message: CheckMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "level": _level(message),
        "about": _about(message.obj),
        "text": str(message.msg),
        "hint": message.hint,
        "count": getattr(message, "count", None),
        "examples": getattr(message, "examples", []),
    }


def _level(message: CheckMessage) -> str:
    return next((word for level, word in _LEVELS.items() if message.level >= level), "notice")


def _about(obj: Any) -> str | None:
    return None if obj is None else str(getattr(getattr(obj, "_meta", None), "label", obj))
