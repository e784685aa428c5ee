"""``manage.py workflow_erase claims.Claim 7 --reason ...``: what records say of a person goes."""

from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import models

from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import Unbound, contract_of
from workflows_app.failures import WorkflowError
from workflows_app.models import Tombstone
from workflows_app.ops.erase import erase, erase_actor


class Command(BaseCommand):
    """Of objects, or the name of an actor. The tombstone says who did it and why."""

    help = "Erase what the records of objects, or of an actor, say of a person."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The objects or the actor, who does it and why."""
        parser.add_argument("model", metavar="app.Model", nargs="?")
        parser.add_argument("ids", metavar="ID", nargs="*", help="The keys of the objects.")
        parser.add_argument(
            "--actor", metavar="user:ID", help="Erase the name of this actor, wherever it stands."
        )
        parser.add_argument(
            "--columns", nargs="+", default=[], metavar="COLUMN",
            help="Columns of the model that are blanked in its history, too.",
        )  # fmt: skip
        parser.add_argument("--reason", required=True, help="Kept in the tombstone.")
        parser.add_argument(
            "--by", metavar="USERNAME", help="Who erases; the system if nobody is named."
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would be erased, and erase nothing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase, one object after the other, and say of how much."""
        by = _user(options["by"]) if options["by"] else SYSTEM
        common = {"by": by, "reason": options["reason"], "dry_run": options["dry_run"]}
        of_objects = (options["model"], *options["ids"], *options["columns"])
        if any(of_objects) if options["actor"] else not options["ids"]:
            raise CommandError("Name either app.Model and the ids of objects, or --actor user:7.")
        try:
            if options["actor"]:
                self._tell(options["actor"], erase_actor(options["actor"], **common), **options)
            for object_id in options["ids"]:
                model = _model_with_contract(options["model"])
                done = erase(model, object_id, columns=options["columns"], **common)
                self._tell(f"{model._meta.label} {object_id}", done, **options)
        except WorkflowError as error:
            raise CommandError(str(error)) from error

    def _tell(self, whom: str, done: Tombstone, *, dry_run: bool, **options: Any) -> None:
        self.stdout.write(
            f"{whom}: {done.operations:,} operations, {done.events:,} events, {done.runs:,} runs"
            f" and {done.snapshots:,} snapshots {'would be' if dry_run else 'were'} blanked."
        )


def _user(name: str) -> Any:
    users = get_user_model()
    try:
        return users._default_manager.get_by_natural_key(name)
    except users.DoesNotExist as error:
        raise CommandError(f"--by: there is no user {name!r}.") from error


def _model_with_contract(label: str) -> type[models.Model]:
    try:
        model = apps.get_model(label)
        contract_of(model)
    except (LookupError, ValueError, Unbound) as error:
        raise CommandError(f"{label!r} is no model with a contract. ({error})") from error
    return model
