"""What can go wrong, as one tree: a refused command, a failed attempt, a broken contract.

WorkflowError
├── ContractError         the contract itself is wrong (raised where it is written)
├── ProtectedState        code tried to change a state round the contract
├── Refused               a command was refused; nothing was written
│   ├── Stale             the object has moved on since the version the caller saw
│   ├── NotAllowed        no such transition from the present state
│   ├── GuardFailed       one or more guards said no
│   ├── Forbidden         this actor may not do it
│   ├── Invalid           the data does not validate
│   ├── KeyReused         the idempotency key belongs to another request
│   └── TryAgain          the database was busy; the same request may be sent again
└── Failure               an attempt of an effect went wrong; contracts subclass these three
    ├── Rejected          it did not happen and never will
    ├── NotSent           it certainly did not happen; trying again is safe
    └── Unknown           it may have happened
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, Protocol


class WorkflowError(Exception):
    """Something in a workflow went wrong."""


class ContractError(WorkflowError):
    """The contract is wrong. The text names the fault and the cure."""


class ProtectedState(WorkflowError, AttributeError):
    """A state, its version or its time was about to change without a command."""


@dataclass(frozen=True)
class Reason:
    """Why not: a stable code for programs and a sentence for people."""

    code: str
    detail: str
    pointer: str = ""  # JSON pointer into the data, where the reason is about one member


@dataclass(frozen=True)
class Current:
    """Where the object stands: what a refused caller needs to decide again."""

    state: str
    version: int


class Declared(Protocol):
    """What stands for a reason: a guard of the contract."""

    @property
    def reason(self) -> Reason:
        """What people see."""


class Refused(WorkflowError):
    """The command was refused."""

    code = "refused"

    def __init__(
        self,
        detail: "str | Declared" = "",
        *,
        reasons: Sequence[Reason] = (),
        current: Current | None = None,
        facts: Mapping[str, Any] | None = None,
    ) -> None:
        """``detail``: a sentence, or a guard, ``Refused(places_free)``, with its code and text."""
        if not isinstance(detail, str):
            self.code, reasons = detail.reason.code, (detail.reason, *reasons)
            detail = detail.reason.detail
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.reasons = tuple(reasons)
        self.current = current
        self.facts = dict(facts or {})
        super().__init__(self.detail)


class Stale(Refused):
    """The object has changed since you looked at it."""

    code = "stale_version"


class NotAllowed(Refused):
    """This is not possible in the present state."""

    code = "wrong_state"


class GuardFailed(Refused):
    """Something is missing before this can be done."""

    code = "guard_failed"


class Forbidden(Refused):
    """You may not do this."""

    code = "forbidden"


class Invalid(Refused):
    """The data is not valid."""

    code = "invalid"


class KeyReused(Refused):
    """This idempotency key was already used for another request."""

    code = "key_reused"


class TryAgain(Refused):
    """The database is busy. Send the same request again."""

    code = "try_again"
    retry_after: ClassVar[timedelta] = timedelta(seconds=1)


@dataclass(frozen=True)
class Recorded:
    """A failure as it was stored: what a follow-up's ``cmd.cause.failure`` shows."""

    code: str
    detail: str
    kind: str  # rejected, not_sent or unknown
    facts: dict[str, Any] = field(default_factory=dict)


class Failure(WorkflowError):
    """An attempt of an effect went wrong.

    Declare one by subclassing Rejected, NotSent or Unknown: the docstring is the message, the
    snake_case class name is the code, keyword arguments are the facts.
    """

    kind: ClassVar[str]
    code: ClassVar[str]
    detail: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if len({vars(base)["kind"] for base in cls.__mro__ if "kind" in vars(base)}) > 1:
            raise ContractError(
                f"{cls.__name__}: a failure is one of Rejected, NotSent and Unknown, not several."
            )
        cls.code = re.sub(
            r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", cls.__name__
        ).lower()
        cls.detail = " ".join((cls.__doc__ or cls.code.replace("_", " ")).split())

    def __init__(self, *, retry_after: timedelta | None = None, **facts: Any) -> None:
        self.retry_after = retry_after
        self.facts = facts
        super().__init__(self.detail)

    def recorded(self) -> Recorded:
        """This failure in the form that is stored with the run."""
        return Recorded(self.code, self.detail, self.kind, self.facts)


class Rejected(Failure):
    """It was refused for good."""

    kind = "rejected"


class NotSent(Failure):
    """It did not leave."""

    kind = "not_sent"


class Unknown(Failure):
    """It may or may not have happened."""

    kind = "unknown"
