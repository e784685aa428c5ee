"""``manage.py workflow_adopt app.Model``: rows that came another way get their operation 0."""

import time
from argparse import ArgumentParser
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.core.management.base import BaseCommand, CommandError
from django.db import models

from workflows_app.contract.registry import Contract, Unbound, contract_of, contracts_of
from workflows_app.ops.adopt import Progress, adopt_all, states_of

SAY_SECONDS = 1


class Command(BaseCommand):
    """After a table that was there before its contract, a bulk insert or raw SQL.

    May be stopped and started again, and run beside commands and workers.
    """

    help = "Give the rows of a model that have no operation their operation 0, as they stand."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The model, the column with the time of its state, the size of a transaction."""
        parser.add_argument("model", metavar="app.Model")
        parser.add_argument(
            "--since",
            metavar="COLUMN",
            help="The column that says since when a row is in its state; kept with the operation.",
        )
        parser.add_argument(
            "--batch", type=int, default=5000, metavar="N", help="Rows in one transaction."
        )

    def handle(self, *args: Any, model: str, since: str | None, batch: int, **options: Any) -> None:
        """Adopt, and say every second how far it has come."""
        adopted = _model_with_contract(model)
        if since is not None:
            _refuse_no_moment(adopted, since)
        if batch < 1:
            raise CommandError("--batch is a number of rows, at least 1.")
        for contract in contracts_of(adopted):
            counted = states_of(adopted, contract.field)
            self._warn_of_unknown_states(contract, counted)
        self._adopt(adopted, since, batch, sum(counted.values()))

    def _adopt(self, model: type[models.Model], since: str | None, batch: int, rows: int) -> None:
        began = said = time.monotonic()
        progress = Progress(0, 0)
        for progress in adopt_all(model, since=since, batch=batch):
            if time.monotonic() - said >= SAY_SECONDS:
                said = time.monotonic()
                self.stdout.write(f"{progress.looked_at:,} of {rows:,} rows looked at.")
        seconds = max(time.monotonic() - began, 0.001)
        self.stdout.write(
            f"{progress.looked_at:,} rows looked at, {progress.adopted:,} adopted,"
            f" in {seconds:.1f} s ({progress.looked_at / seconds:,.0f} a second)."
        )

    def _warn_of_unknown_states(self, contract: Contract, counted: dict[str, int]) -> None:
        known = contract.knows
        unknown = [f"{state!r} ({rows:,})" for state, rows in counted.items() if not known(state)]
        if unknown:
            self.stderr.write(
                f"Rows stand in states that the contract does not know: {', '.join(unknown)}."
                " They are adopted as they stand, and no command begins there: add the states."
            )


def _model_with_contract(label: str) -> type[models.Model]:
    try:
        model = apps.get_model(label)
        contract_of(model)
    except (LookupError, ValueError, Unbound) as error:
        raise CommandError(f"{label!r} is no model with a contract. ({error})") from error
    return model


def _refuse_no_moment(model: type[models.Model], column: str) -> None:
    try:
        field: Any = model._meta.get_field(column)
    except FieldDoesNotExist as error:
        raise CommandError(f"--since: {error}") from error
    if not isinstance(field, models.DateField):  # a DateTimeField is one, too
        raise CommandError(f"--since: {column} is no date or time.")
