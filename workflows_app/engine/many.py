"""Many commands: the same by one actor for many objects, and an answer for each."""

from collections.abc import Iterable, Mapping
from typing import Any

from workflows_app.failures import Refused
from workflows_app.models import Operation

from .accept import execute
from .request import key_for


def execute_many(
    commands: Iterable[Any],
    *,
    by: Any,
    data: Mapping[str, Any] | None = None,
    key: str | None = None,
    reason: str = "",
    traceparent: str = "",
) -> list[Operation | Refused]:
    """Run a command on each object: ``execute_many([c.approve for c in claims], by=user)``.

    One transaction per object: what one refuses does not keep the others back. The answers, an
    operation or its refusal, have the order of the commands. With a ``key`` every object has its
    own, derived from it: the same call again runs what is missing and repeats the other answers.
    """
    return [
        _one(command, by=by, data=data, reason=reason, traceparent=traceparent, key=key)
        for command in commands
    ]


def _one(command: Any, *, key: str | None, **said: Any) -> Operation | Refused:
    own_key = None if key is None else key_for(key, command)
    try:
        return execute(command, key=own_key, **said)
    except Refused as refusal:
        return refusal
