"""The command: what guards and a transition's body see as ``cmd``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from workflows_app.contract.data import Brought
from workflows_app.contract.people import SYSTEM
from workflows_app.models import Operation

from .linked import Linked
from .request import Actor, Cause, Request


@dataclass(frozen=True)
class Command:
    """What a transition's body sees as ``cmd``."""

    data: dict[str, Any]
    actor: Actor
    operation: UUID
    now: datetime
    cause: Cause | None
    linked: Linked = field(repr=False, compare=False)

    def execute(
        self, command: Any, *, data: Mapping[str, Any] | None = None, reason: str = ""
    ) -> None:
        """Ask another object for a transition: ``cmd.execute(self.invoice.settle, data={...})``.

        It runs in the same transaction after this object is saved, by the system because of this
        operation, on that object locked, in the order written. Its refusal refuses this command.
        """
        self.linked.execute(command, data, reason)

    def create(self, what: Any, *, data: Mapping[str, Any] | None = None, **columns: Any) -> Any:
        """A new object at once: ``cmd.create(Invoice, customer=self.customer)``.

        Of a model whose contract has a transition that creates, by that transition:
        ``cmd.create(Invoice, data={...})``, and where there are several, ``cmd.create(
        Invoice.draft, data={...})``. Its refusal refuses this command.
        """
        return self.linked.create(what, data, columns)


def command_for(
    request: Request, brought: Brought, give: Callable[[Request], tuple[Operation, Any]]
) -> Command:
    """What the guards and the body are given; ``give`` runs what the body asks of others."""
    return Command(
        data=brought.validated,
        actor=Actor(None if request.by is SYSTEM else request.by),
        operation=request.operation_id,
        now=timezone.now(),
        cause=request.cause,
        linked=Linked(request, give),
    )
