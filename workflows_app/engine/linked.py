"""Linked objects: what a body asks of others becomes a part of its command, or refuses it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import transaction
from django.db.models import Model

from workflows_app.contract.people import SYSTEM
from workflows_app.contract.registry import Contract, Unbound, contract_of
from workflows_app.failures import ContractError, Reason, Refused
from workflows_app.models import Operation
from workflows_app.models.database import database_of
from workflows_app.models.writing import Writing, body_is_running, writing

from .idempotency import receipt
from .request import Cause, Request, read_request
from .violations import explained, refuse_unenforced

#: How many commands may stand in one another. A deeper chain is a mistake of the contracts.
DEEPEST = 10


@dataclass
class Linked:
    """What one command asks of other objects, while its body is at work.

    ``give`` runs another command as a part of the transaction that is open.
    """

    request: Request
    give: Callable[[Request], tuple[Operation, Any]]
    asked: list[Request] = field(default_factory=list)
    #: New objects that refer to this one, which is new itself: each with its contract and key.
    parts: list[tuple[Any, Contract, str]] = field(default_factory=list)
    count: int = 0
    open: bool = False

    @contextmanager
    def during_body(self) -> Iterator[None]:
        """Only now may something be asked."""
        self.open = True
        try:
            yield
        finally:
            self.open = False

    def execute(self, command: Any, data: Mapping[str, Any] | None, reason: str) -> None:
        """Note a command for another object: it runs when this one's is saved."""
        asked = self._read(command, data, reason)
        if asked.transition.creates:
            raise ContractError(f"{asked.transition.name} creates: write cmd.create() instead.")
        self.asked.append(asked)

    def create(self, what: Any, data: Mapping[str, Any] | None, columns: dict[str, Any]) -> Any:
        """A new object of this model, or by this transition of it, at once.

        One that refers to an object whose creation is running is stored right after that.
        """
        if not isinstance(what, type):
            return self._begin(what, data, columns)
        contract = _contract_of(what)
        if contract.all_creations:
            return self._begin(_only_creation(contract), data, columns)
        if data is not None:
            raise ContractError(
                f"cmd.create({what.__name__}, data=...): it has no transition that creates; give"
                " the columns of the new object by name."
            )
        obj, key = what(**columns), self._next_key()
        self._refuse_elsewhere(database_of(contract.model))
        if any(self._is_to_be_stored(value) for value in columns.values()):
            self.parts.append((obj, contract, key))
        else:
            self._insert(obj, contract, key)
        return obj

    def run_asked(self, obj: Any) -> None:
        """Do what the body asked for, in the order written, now that its object is saved."""
        for part in self.parts:
            self._insert(*part)
        for asked in self.asked:
            with _passed_on(asked.contract, asked.object_id, asked.transition.name):
                self.give(asked)
        if self.asked:  # one of them may have moved this object as well
            obj.refresh_from_db(using=self.request.using)

    def _begin(self, command: Any, data: Mapping[str, Any] | None, columns: dict[str, Any]) -> Any:
        asked = self._read(command, data, "")
        if columns or not asked.transition.creates:
            raise ContractError(
                f"cmd.create() of {asked.contract.name}: {asked.transition.name} must be a"
                " transition that creates (source=None), and takes data={...}, no columns."
            )
        with _passed_on(asked.contract, "", asked.transition.name):
            return self.give(asked)[1]

    def _is_to_be_stored(self, value: Any) -> bool:
        """Whether it is the new object whose body runs, or one that waits for that."""
        if not isinstance(value, Model) or not value._state.adding:
            return False
        return body_is_running(value) or any(value is part for part, *_ in self.parts)

    def _insert(self, obj: Any, contract: Contract, key: str) -> None:
        using = self.request.using
        said = {"cause": self._cause.name, "traceparent": self.request.traceparent}
        command = Writing(receipt=receipt(SYSTEM, key, **said))
        with _passed_on(contract, "", "create"), explained(using) as attempt:
            attempt.obj = obj
            refuse_unenforced(obj, using)
            with transaction.atomic(using=using), writing(obj, command):
                obj.save(using=using)

    def _read(self, command: Any, data: Mapping[str, Any] | None, reason: str) -> Request:
        key = self._next_key()
        asked = read_request(
            command, SYSTEM, data, key, None, reason, self._cause, self.request.traceparent
        )
        self._refuse_elsewhere(asked.using)
        return replace(asked, trail=_trail(self.request, asked))

    @property
    def _cause(self) -> Cause:
        return Cause(Operation(id=self.request.operation_id).as_cause())

    def _next_key(self) -> str:
        if not self.open:
            raise ContractError("Only a body asks something of other objects, while it runs.")
        self.count += 1
        return f"{self._cause.name}:{self.count}"

    def _refuse_elsewhere(self, using: str) -> None:
        if using != self.request.using:
            raise ContractError(
                f"What a body asks is one transaction with its command in {self.request.using!r};"
                f" this object is in {using!r}. Let an effect do it, with run.execute()."
            )


@contextmanager
def _passed_on(contract: Contract, object_id: str, transition: str) -> Iterator[None]:
    """A refusal of the other object refuses this command, and names the other."""
    try:
        yield
    except Refused as refusal:
        if "refused_by" in refusal.facts:
            raise
        kind = str(contract.model._meta.verbose_name)
        who = f"{kind.capitalize()} {object_id}" if object_id else f"New {kind}"
        reasons = refusal.reasons or (Reason(refusal.code, refusal.detail),)
        about = {"type": contract.object_type, "id": object_id or None, "transition": transition}
        passed_on = Refused(
            f"{who}: {refusal.detail}",
            reasons=[Reason(one.code, f"{who}: {one.detail}") for one in reasons],
            facts={"refused_by": about},
        )
        passed_on.code = refusal.code
        raise passed_on from refusal


def _trail(outer: Request, asked: Request) -> tuple[str, ...]:
    so_far = outer.trail or (_step(outer),)
    trail = (*so_far, _step(asked))
    way = " → ".join(trail)
    if asked.object_id and trail[-1] in so_far:
        raise ContractError(f"Commands ask each other in a circle: {way}.")
    if len(trail) > DEEPEST:
        raise ContractError(f"More than {DEEPEST} commands stand in one another: {way}.")
    return trail


def _step(request: Request) -> str:
    about = f"{request.contract.object_type} {request.object_id}".strip()
    return f"{request.transition.name} of {about}"


def _contract_of(model: type[Any]) -> Contract:
    try:
        return contract_of(model)
    except (Unbound, AttributeError):
        raise ContractError(
            f"cmd.create({model.__name__}): it has no workflow; write"
            f" {model.__name__}.objects.create(...) in the body."
        ) from None


def _only_creation(contract: Contract) -> Any:
    names = [one.name for one in contract.all_creations]
    if len(names) > 1:
        model = contract.model.__name__
        raise ContractError(
            f"cmd.create({model}): say which: {', '.join(f'{model}.{name}' for name in names)}."
        )
    return getattr(contract.model, names[0])
