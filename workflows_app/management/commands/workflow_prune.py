"""``manage.py workflow_prune --older-than 2y``: retention of operations, events, runs, history."""

import re
import time
from argparse import ArgumentParser, ArgumentTypeError
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import models
from django.utils import timezone

from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import contracts
from workflows_app.failures import WorkflowError
from workflows_app.ops.prune import Pruned, prune, prune_messages

SAY_SECONDS = 1
DAYS = {"d": 1, "w": 7, "y": 365}


class Command(BaseCommand):
    """May be stopped and started again, and run beside commands and workers."""

    help = "Remove the records of finished and of deleted objects that are older than a time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How old, of which workflows and states, and why."""
        parser.add_argument(
            "--older-than", required=True, type=_period, metavar="TIME",
            help="As in 90d, 52w or 2y; a year is 365 days. The last operation counts.",
        )  # fmt: skip
        parser.add_argument(
            "--workflow", action="append", metavar="NAME",
            help="The name of a workflow (claim) or of its model (claims.claim); all by default.",
        )  # fmt: skip
        parser.add_argument(
            "--state", action="append", default=[], metavar="STATE",
            help="Only objects in this final state; otherwise in any, and deleted ones.",
        )  # fmt: skip
        parser.add_argument("--reason", help="Kept in the tombstone; by default how old it was.")
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would be removed, and remove nothing."
        )
        parser.add_argument(
            "--batch", type=int, default=500, metavar="N", help="Objects looked up at a time."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Prune one workflow after the other, and say every second how far it has come."""
        age, text = options["older_than"]
        if options["batch"] < 1:
            raise CommandError("--batch is a number of objects, at least 1.")
        models_named = _models_named(options["workflow"])
        if options["state"] and len(models_named) != 1:
            raise CommandError("--state needs one --workflow, whose state it is.")
        for model in models_named:
            steps = _begin(
                model, before=timezone.now() - age, by=SYSTEM,
                reason=options["reason"] or f"Older than {text}.", states=options["state"],
                dry_run=options["dry_run"], batch=options["batch"],
            )  # fmt: skip
            self._follow(model, steps, "would be removed" if options["dry_run"] else "removed")
        if not options["workflow"]:
            self._forget_messages(timezone.now() - age, dry_run=options["dry_run"])

    def _forget_messages(self, before: datetime, *, dry_run: bool) -> None:
        many = prune_messages(before=before, dry_run=dry_run)
        done = "would be removed" if dry_run else "removed"
        self.stdout.write(f"{many:,} messages that nobody has used {done}.")

    def _follow(self, model: type[models.Model], steps: Any, done: str) -> None:
        said, progress = time.monotonic(), Pruned()
        for progress in steps:
            if time.monotonic() - said >= SAY_SECONDS:
                said = time.monotonic()
                self.stdout.write(f"{model._meta.label}: {progress.looked_at:,} looked at.")
        self.stdout.write(
            f"{model._meta.label}: of {progress.objects:,} objects {progress.operations:,}"
            f" operations, {progress.events:,} events, {progress.runs:,} runs and"
            f" {progress.snapshots:,} snapshots {done}."
        )
        if progress.unresolved:
            self.stdout.write(
                f"{progress.unresolved:,} objects are left as they are: something is still to be"
                " done or decided for them."
            )


def _begin(model: type[models.Model], **arguments: Any) -> Any:
    try:
        return prune(model, **arguments)
    except WorkflowError as error:
        raise CommandError(str(error)) from error


def _period(text: str) -> tuple[timedelta, str]:
    match = re.fullmatch(r"([1-9]\d{0,4})([dwy])", text)
    if match is None:
        raise ArgumentTypeError(f"{text!r} is no time: write 90d, 52w or 2y.")
    age = timedelta(days=int(match[1]) * DAYS[match[2]])
    try:
        timezone.now() - age
    except OverflowError as error:
        raise ArgumentTypeError(f"{text} ago there was no calendar yet.") from error
    return age, text


def _models_named(names: list[str] | None) -> list[type[models.Model]]:
    known = list(contracts())
    chosen: list[type[models.Model]] = []
    for name in names or [one.object_type for one in known]:
        found = {one.model: None for one in known if name.lower() in (one.name, one.object_type)}
        if len(found) != 1:
            several = (
                f"is several: {', '.join(m._meta.label for m in found)}" if found else "is none"
            )
            raise CommandError(f"--workflow: {name!r} {several} of the workflows of this project.")
        chosen += found
    return list(dict.fromkeys(chosen))
