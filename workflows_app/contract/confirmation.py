"""Confirmation: what the outside has accepted is done when it says so."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from workflows_app.failures import ContractError

from .words import duration, listed, name, plain_function


@dataclass(frozen=True)
class Accepted:
    """What ``accepted()`` returns: taken by the outside, and not yet done."""

    reference: str | None


def accepted(reference: str | None = None) -> Accepted:
    """Say that the outside took it and will confirm: ``return accepted(transfer.id)``.

    ``reference`` is what its confirmation will name; without one it names ``run.key``, or a
    reference that was given before stays.
    """
    if reference is not None and not (isinstance(reference, str) and reference):
        raise ContractError(f"accepted() takes the reference as a text, not {reference!r}.")
    return Accepted(reference)


def _reference_in(payload: Any) -> Any:
    return payload["data"]["reference"]


def _data_of(obj: Any, payload: Any) -> Any:
    return payload["data"]


@dataclass(frozen=True)
class External:
    """Who confirms what was accepted, and what happens when nobody does.

    ``endpoint`` names the inbox that its message comes to, ``type`` the kinds of message (one or a
    list). ``ref`` finds in a payload the reference given to ``accepted()``, or the run's key
    (default: ``payload["data"]["reference"]``). ``read`` says what the message means, in the
    language of a handler (default: done, with ``payload["data"]``). Nothing ``within`` that time:
    the probe is asked, and what is still open then is in doubt; ``otherwise`` names a transition
    that then moves the object. ``every`` asks the probe all the while. Without an endpoint only
    the probe confirms.
    """

    endpoint: str | None = None
    type: str | tuple[str, ...] = ()
    ref: Callable[[Any], Any] = _reference_in
    read: Callable[[Any, Any], Any] = _data_of
    within: timedelta = timedelta(days=1)
    otherwise: str | None = None
    every: timedelta | None = None

    def __post_init__(self) -> None:
        duration("External: within", self.within)
        if self.every is not None:
            duration("External: every", self.every)
        if self.otherwise is not None:
            name("External: otherwise (the name of a transition)", self.otherwise)
        plain_function("External: ref (the payload)", self.ref, (1,))
        plain_function("External: read (the object and the payload)", self.read, (2,))
        object.__setattr__(self, "type", _types(self.type))
        self._refuse_silence()

    def _refuse_silence(self) -> None:
        if self.endpoint is None and self.type:
            raise ContractError("External: type= is of messages; say to which endpoint they come.")
        if self.endpoint is not None and not self.type:
            raise ContractError(f"External({self.endpoint!r}): say type=, the messages that tell.")
        if self.endpoint is not None:
            name("External: endpoint", self.endpoint)
        elif self.every is None:
            raise ContractError("External: without an endpoint, say every= to ask the probe.")

    @property
    def types(self) -> tuple[str, ...]:
        """The types of message that tell what became of it."""
        return tuple(self.type)


def _types(given: Any) -> tuple[str, ...]:
    types = listed("External: type", [given] if isinstance(given, str) else given)
    if wrong := [one for one in types if not isinstance(one, str) or not one]:
        raise ContractError(f"External: type= is a text or a list of texts, not {wrong[0]!r}.")
    return types
