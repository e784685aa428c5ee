"""The request: a command as it came in."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from workflows_app.contract.registry import Contract, contract_of
from workflows_app.contract.transitions import Transition
from workflows_app.failures import ContractError, Recorded
from workflows_app.models.database import database_of
from workflows_app.models.identity import object_id_of, uuid7

from .idempotency import actor_of, derived_key, fingerprints, receipt


@dataclass(frozen=True)
class Actor:
    """Who gives a command: a user or the system."""

    user: Any

    @property
    def is_system(self) -> bool:
        """Whether nobody in person gave it."""
        return self.user is None


@dataclass(frozen=True)
class Cause:
    """What led to a command that no person gave: a run, with its failure or its result."""

    name: str
    failure: Recorded | None = None
    result: dict[str, Any] | None = None


@dataclass(frozen=True)
class Request:
    """A command as it came in."""

    instance: Any
    contract: Contract
    transition: Transition
    using: str
    by: Any
    actor: str
    data: Mapping[str, Any] | None
    key: str | None
    versions: Collection[int] | None
    reason: str
    cause: Cause | None
    fingerprints: tuple[str, ...]
    traceparent: str
    operation_id: UUID = field(default_factory=uuid7)
    #: The commands that led to this one in the same transaction, outermost first.
    trail: tuple[str, ...] = ()

    def standing(self, obj: Any) -> "Request":
        """The same with the declaration that holds in the state of the object, if one does."""
        way = self.transition.at(self.contract.state_of(obj))
        return self if way is self.transition else replace(self, transition=way)

    @property
    def object_id(self) -> str:
        """The key of its object as text; empty for a command that creates."""
        return "" if self.transition.creates else object_id_of(self.instance)

    def receipt(self, data: Any) -> dict[str, Any]:
        """What its operation records of the request. ``data``: in the form that is stored."""
        return receipt(
            self.by,
            self.key,
            fingerprint=self.fingerprints[0],
            transition=self.transition.name,
            data=data,
            reason=self.reason,
            cause=self.cause.name if self.cause else "",
            traceparent=self.traceparent,
        )


def request_of(
    instance: Any,
    transition: Transition,
    fingerprints: tuple[str, ...],
    *,
    by: Any,
    version: int | Collection[int] | None,
    **said: Any,
) -> Request:
    """A request for this transition of this instance, by somebody who may be asked for one."""
    contract = contract_of(instance, transition.field)
    return Request(
        instance=instance,
        contract=contract,
        transition=transition,
        using=database_of(contract.model),
        by=by,
        actor=actor_of(by),
        versions=read_versions(version),
        fingerprints=fingerprints,
        **said,
    )


def read_request(
    command: Any,
    by: Any,
    data: Mapping[str, Any] | None,
    key: str | None,
    version: int | Collection[int] | None,
    reason: str,
    cause: Cause | None,
    traceparent: str,
) -> Request:
    """Everything a command is about, found once. Raises ContractError for what is no command."""
    instance, transition = _named(command)
    object_type = contract_of(instance, transition.field).object_type
    about = "" if transition.creates else object_id_of(instance)
    _refuse_version_of_nothing(transition, version)
    return request_of(
        instance,
        transition,
        fingerprints(transition, object_type, about, data),
        by=by,
        version=version,
        data=data,
        key=key,
        reason=reason,
        cause=cause,
        traceparent=traceparent,
    )


def read_versions(version: Any) -> Collection[int] | None:
    """The versions that the caller has seen, one or several. Raises ContractError for others."""
    if version is None or isinstance(version, int):
        return None if version is None else {version}
    if isinstance(version, str) or not all(isinstance(one, int) for one in version):
        raise ContractError(f"version= takes a number, or several, not {version!r}.")
    return set(version)


def key_for(prefix: str, command: Any) -> str:
    """The key of this command on this object, derived from what it is a part of."""
    instance, transition = _named(command)
    about = "" if transition.creates else object_id_of(instance)
    return derived_key(prefix, transition.every_name[0], contract_of(instance).object_type, about)


def _named(command: Any) -> tuple[Any, Transition]:
    """The instance and the transition; for one that creates, an empty new instance."""
    instance = getattr(command, "__self__", None)
    transition = getattr(command, "workflow_transition", None)
    if transition is not None and transition.creates:
        return _new_instance(command, instance, transition), transition
    if instance is None or transition is None:
        raise ContractError(
            f"execute() takes a transition of an instance, as in execute(claim.approve, ...),"
            f" not {command!r}."
        )
    if instance.pk is None:
        raise ContractError(f"{transition.name}: save the {type(instance).__name__} first.")
    return instance, transition


def _new_instance(command: Any, instance: Any, transition: Transition) -> Any:
    model = getattr(command._django_fsm.field, "model", None)
    if instance is not None or model is None:
        one = type(instance).__name__ if model is None else model.__name__
        raise ContractError(
            f"{transition.name} creates a new object: name it by the model, as in"
            f" execute({one}.{transition.name}, by=user, data={{...}})."
        )
    return model()


def _refuse_version_of_nothing(transition: Transition, version: Any) -> None:
    if transition.creates and version is not None:
        raise ContractError(f"{transition.name}: a new object has no version to compare.")
