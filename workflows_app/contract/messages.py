"""Messages: what somebody outside may tell us, and the transition it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from workflows_app.failures import ContractError

from .transitions import MESSAGES, Body, is_declared
from .words import listed, name, plain_function

Finds = Callable[[Any], Mapping[str, Any]]


def data_of(payload: Any) -> Any:
    """What Standard Webhooks put under ``data``."""
    return payload["data"]


@dataclass(frozen=True)
class OnMessage:
    """One kind of message that runs a transition."""

    types: tuple[str, ...]
    endpoint: str | None
    finds: Finds | None
    data: Callable[[Any], Any]

    def listens_to(self, endpoint: str, type: str) -> bool:
        """Whether a message of this type, come to this endpoint, is for it."""
        return type in self.types and self.endpoint in (None, endpoint)


def on_message(
    type: str | list[str] | tuple[str, ...],
    *,
    finds: Finds | None = None,
    endpoint: str | None = None,
    data: Callable[[Any], Any] = data_of,
) -> Callable[[Body], Body]:
    """Let a message run the transition below: ``@on_message("card.disputed", finds=...)``.

    ``type``: the kind of message, or several. ``finds`` is a function of the payload that gives the
    columns by which the one object is found, ``lambda payload: {"card": payload["data"]["card"]}``;
    a transition that creates has none. ``endpoint``: only messages that came there; unsaid, from
    any sender who can sign. ``data`` is a function of the payload (default: ``payload["data"]``);
    of what it gives, the transition gets what its own ``data`` declares. The message gives the
    command as SYSTEM, once.
    """
    listener = OnMessage(
        types=_types(type),
        endpoint=None if endpoint is None else name("@on_message: endpoint", endpoint),
        finds=finds,
        data=data,
    )
    if finds is not None:
        plain_function("@on_message: finds (the payload)", finds, (1,))
    plain_function("@on_message: data (the payload)", data, (1,))

    def declare(body: Body) -> Body:
        if not is_declared(body):
            called = getattr(body, "__name__", repr(body))
            raise ContractError(f"{called}: write @on_message above its @transition.")
        setattr(body, MESSAGES, (listener, *getattr(body, MESSAGES, ())))
        return body

    return declare


def _types(given: Any) -> tuple[str, ...]:
    types = listed("@on_message: type", [given] if isinstance(given, str) else given)
    if not types or not all(isinstance(one, str) and one for one in types):
        raise ContractError(f"@on_message takes the type of a message, or several, not {given!r}.")
    return types
