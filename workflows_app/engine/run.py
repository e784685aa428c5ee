"""The run, as handlers and probes see it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from workflows_app.conf import settings
from workflows_app.contract.effects import Effect
from workflows_app.contract.people import SYSTEM
from workflows_app.contract.watching import Place, inside
from workflows_app.models import EffectRun, Operation, RunState
from workflows_app.models.clock import DatabaseNow

from .accept import execute
from .locking import retrying
from .request import Cause, key_for


@dataclass(frozen=True)
class Undone:
    """What an undo takes back, as it was sent and answered."""

    #: The idempotency key that it was sent with.
    key: str
    #: The data that it was sent with, in JSON form.
    data: dict[str, Any]
    #: What its handler, its probe or its confirmation returned; empty where nobody said.
    result: dict[str, Any]
    #: What the outside calls it; None where it gave no reference.
    reference: str | None


class Run:
    """What a handler sees as ``run``."""

    def __init__(self, using: str, row: EffectRun, effect: Effect) -> None:
        self._using, self._row = using, row
        self._ends = time.monotonic() + effect.timeout.total_seconds()

    @property
    def key(self) -> str:
        """The idempotency key: the same in every attempt of the same intent."""
        return self._row.key

    @property
    def attempt(self) -> int:
        """Which attempt this is; 1 is the first. A probe sees the last one."""
        return self._row.attempts

    @property
    def data(self) -> dict[str, Any]:
        """The command's data and the carried columns, frozen at the commit, in JSON form."""
        return dict(self._row.data)

    @property
    def reference(self) -> str | None:
        """What the outside calls it, if ``accepted(reference)`` has said so."""
        reference: str | None = self._row.reference
        return reference

    @property
    def operation(self) -> Operation:
        """The operation that asked for the effect."""
        return self._row.operation

    @property
    def undoes(self) -> Undone | None:
        """What this undo takes back; None for an effect that is no undo. One query."""
        if self._row.undoes_id is None:
            return None
        with inside(Place.ENGINE):
            row = EffectRun.objects.using(self._using).get(pk=self._row.undoes_id)
        return Undone(row.key, dict(row.data), dict(row.result or {}), row.reference)

    @property
    def remaining(self) -> timedelta:
        """How much of the effect's time-out is left: give it to the client library."""
        return timedelta(seconds=max(0.0, self._ends - time.monotonic()))

    def execute(
        self, command: Any, *, data: Mapping[str, Any] | None = None, reason: str = ""
    ) -> Operation:
        """Run a transition of any object: ``run.execute(loan.invoice.settle, data={...})``.

        A transaction of its own, by the system because of this run. Its key is derived from the
        run, the transition and the object, so another attempt gets the first operation again.
        Raises what ``execute()`` raises.
        """
        return execute(
            command,
            by=SYSTEM,
            data=data,
            key=key_for(f"run:{self.key}", command),
            reason=reason,
            cause=Cause(self._row.as_cause()),
            traceparent=self._row.operation.traceparent,
        )

    def heartbeat(self) -> bool:
        """Renew the lease of a long attempt; False when somebody else has decided meanwhile."""
        until = DatabaseNow() + settings.LEASE
        lease = "lease_until" if self._row.state == RunState.RUNNING else "due"
        with inside(Place.ENGINE):
            return bool(retrying(self._using, lambda: self._mine().update(**{lease: until})))

    def still_wanted(self) -> bool:
        """Whether its outcome still counts: False when the run was superseded or taken away.

        One query. Ask before a step that could still be left out; what a handler has sent
        already, it must report however this answers.
        """
        with inside(Place.ENGINE):
            return bool(self._mine().filter(superseded_by__isnull=True).exists())

    def _mine(self) -> Any:
        """The row, as long as this attempt, or this question, is the one that counts."""
        row = self._row
        counts = {"state": row.state, "fence": row.fence, "probes": row.probes}
        return EffectRun.objects.using(self._using).filter(pk=row.pk, **counts)
