"""What the invariants look at: our rows, each table read once, and what the outside has heard."""

import uuid
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import router

from workflows_app.contract.effects import Effect
from workflows_app.engine.sweep import effect_of
from workflows_app.models import EffectRun, Event, EventKind, Operation, Timer
from workflows_app.models.clock import database_now

#: An object's type and id.
About = tuple[str, str]


@dataclass(frozen=True)
class Heard:
    """One call, as the outside wrote it into its own book."""

    #: The idempotency key it came with: ``run.key``.
    key: str
    #: When it came, by the outside's clock; aware.
    at: datetime | None = None
    #: Which attempt it said it was.
    attempt: int | None = None
    #: Whether the outside did it then; None where the book does not say.
    took: bool | None = None
    #: ``"do"``, or ``"find"`` for a question of the probe.
    kind: str = "do"

    @property
    def run(self) -> uuid.UUID | None:
        """The run that the key names; None for a key that names none."""
        try:
            return uuid.UUID(self.key.rpartition(":")[0])
        except ValueError:
            return None

    @property
    def generation(self) -> int:
        """The intent that the key names; 0 for a key that names none."""
        number = self.key.rpartition(":")[2]
        return int(number) if number.isdecimal() else 0


@dataclass(frozen=True)
class Rows:
    """Everything that is stored, or everything about one object, as it was at one moment."""

    using: str
    heard: tuple[Heard, ...] = ()
    only: About | None = None
    #: Whether everything should be at rest: nothing left that a worker would do by itself.
    quiet: bool = False
    #: How late an effect may begin, by the 99th of a hundred; None: it is not asked.
    lag: timedelta | None = None
    #: How many repairs of a lane are known of.
    repairs: int = 0

    @cached_property
    def now(self) -> datetime:
        """The time by the database's clock when the rows were read."""
        return database_now(self.using)

    @cached_property
    def runs(self) -> list[EffectRun]:
        """In order of acceptance."""
        runs = EffectRun.objects.using(self.using).select_related("operation")
        return list(self._mine(runs).order_by("object_type", "object_id", "version", "position"))

    @cached_property
    def run_by_id(self) -> dict[uuid.UUID, EffectRun]:
        """Each run under its id."""
        return {run.pk: run for run in self.runs}

    @cached_property
    def operations(self) -> dict[About, list[Operation]]:
        """The operations of each object, in order of their versions."""
        found: dict[About, list[Operation]] = defaultdict(list)
        operations = self._mine(Operation.objects.using(self.using)).order_by("version")
        for one in operations:
            found[one.object_type, one.object_id].append(one)
        return found

    @cached_property
    def events(self) -> dict[uuid.UUID, list[Event]]:
        """The events of each run, in the order in which they were written."""
        found: dict[uuid.UUID, list[Event]] = defaultdict(list)
        for event in self._mine(Event.objects.using(self.using)).order_by("at", "id"):
            found[event.run_id].append(event)
        return found

    @cached_property
    def timers(self) -> list[Timer]:
        """Every clock that was ever wound up."""
        return list(self._mine(Timer.objects.using(self.using)).order_by("id"))

    @cached_property
    def lanes(self) -> dict[str, list[EffectRun]]:
        """The runs of each lane, in order of acceptance."""
        return _grouped((run.lane, run) for run in self.runs if run.lane is not None)

    @cached_property
    def holders(self) -> dict[str, EffectRun]:
        """Who holds each lane that is held."""
        return {run.holds_lane: run for run in self.runs if run.holds_lane is not None}

    @cached_property
    def limits(self) -> set[str | None]:
        """The limits in which somebody has a place."""
        everybody = EffectRun.objects.using(self.using).filter(holds_slot__isnull=False)
        return set(everybody.values_list("limit_key", flat=True))

    @cached_property
    def calls(self) -> dict[uuid.UUID, list[Heard]]:
        """What the outside was asked to do for each run, in order of arrival."""
        doing = [one for one in self.heard if one.kind == "do"]
        return _grouped((one.run, one) for one in doing if one.run is not None)

    def runs_of(self, operation: Operation) -> list[EffectRun]:
        """What one operation asked for."""
        return self._runs_by_operation.get(operation.pk, [])

    def first_call_of(self, run: EffectRun) -> int:
        """When the outside heard of a run first, as a place in its book."""
        return self._first_calls[run.pk]

    def events_of(self, run: EffectRun, *kinds: EventKind) -> list[Event]:
        """Those of these kinds."""
        return [event for event in self.events[run.pk] if event.kind in kinds]

    def effect_of(self, run: EffectRun) -> Effect | None:
        """The declared effect behind a run."""
        if (run.object_type, run.effect) not in self._effects:
            self._effects[run.object_type, run.effect] = effect_of(run)
        return self._effects[run.object_type, run.effect]

    @cached_property
    def _first_calls(self) -> dict[uuid.UUID | None, int]:
        found: dict[uuid.UUID | None, int] = {}
        for place, one in enumerate(self.heard):
            found.setdefault(one.run, place)
        return found

    @cached_property
    def _runs_by_operation(self) -> dict[uuid.UUID, list[EffectRun]]:
        return _grouped((run.operation_id, run) for run in self.runs)

    @cached_property
    def _effects(self) -> dict[tuple[str, str], Effect | None]:
        return {}

    def _mine(self, rows: Any) -> Any:
        if self.only is None:
            return rows
        object_type, object_id = self.only
        return rows.filter(object_type=object_type, object_id=object_id)


def rows_of(using: str | None, heard: Iterable[Heard], **asked: Any) -> Rows:
    """The rows of one database; by default the one that runs are written to."""
    return Rows(using or router.db_for_write(EffectRun), tuple(heard), **asked)


def _grouped(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    found: dict[Any, list[Any]] = defaultdict(list)
    for key, one in pairs:
        found[key].append(one)
    return found
