"""Retries: how often and how long an effect is tried."""

from dataclasses import dataclass
from datetime import timedelta

from workflows_app.failures import ContractError

from .words import duration


@dataclass(frozen=True)
class Retry:
    """How often and how long an effect is tried.

    The wait before attempt n+1 is ``min(cap, first * 3^(n-1))``, plus or minus a fifth. After
    ``times`` attempts, or ``give_up_after`` since the first one, the run is over.
    """

    times: int = 30
    first: timedelta = timedelta(seconds=2)
    cap: timedelta = timedelta(hours=1)
    give_up_after: timedelta = timedelta(hours=22)

    def __post_init__(self) -> None:
        if not isinstance(self.times, int) or self.times < 1:
            raise ContractError(f"Retry: times={self.times!r}; at least one attempt is made.")
        for word in ("first", "cap", "give_up_after"):
            duration(f"Retry: {word}", getattr(self, word))
        if self.first > self.cap:
            raise ContractError("Retry: first= is longer than cap=; raise cap= or shorten first=.")
        if self.times > 1 and self.first >= self.give_up_after:
            raise ContractError("Retry: give_up_after= ends before a second try; raise it.")

    def delay(self, attempt: int) -> timedelta:
        """The wait after this attempt (1 is the first), before the jitter."""
        times: int = 3 ** min(attempt - 1, 40)
        # Compared before it is multiplied: 3^40 seconds are more than a timedelta holds.
        return self.cap if times > self.cap / self.first else self.first * times
