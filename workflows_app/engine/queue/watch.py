"""Watching for due work: when to hand out a token, and how long to sleep otherwise."""

import time
from dataclasses import dataclass
from datetime import timedelta

from workflows_app.conf import settings

from .beat import Heart
from .bells import bell_of
from .crew import Crew, stopping
from .look import until_due
from .pace import Pace
from .purse import Receipt

NOW = timedelta(0)
LONGEST = timedelta(seconds=1)
UNTIL_ONE_IS_BACK = timedelta(milliseconds=10)
GLANCE = timedelta(milliseconds=3)
STEP = timedelta(milliseconds=15)
#: Plain qcluster cannot say whether a token found work, so there they are further apart.
BLIND_STEP = timedelta(milliseconds=50)


@dataclass(frozen=True)
class Token:
    """May be handed out now; without a receipt where nobody counts (plain ``qcluster``)."""

    receipt: Receipt | None

    def give_back(self) -> None:
        """It was not needed."""
        if self.receipt is not None:
            self.receipt.close()


class Watch:
    """What the process that looks for work keeps from one look to the next."""

    def __init__(self, using: str, crew: Crew | None, *, workers: int) -> None:
        self._using = using
        self._crew = crew
        self._heart = crew.heart if crew else Heart(using)
        self._bell = bell_of(using)
        self._pace = Pace(step=STEP, free_tries=workers) if crew else Pace(step=BLIND_STEP)
        self._sweep_at = 0.0

    def look(self) -> Token | timedelta:
        """A token to hand out, or how long to wait before looking again."""
        self._heart.beat(draining=stopping())
        self._bell.arm()
        if stopping():
            return UNTIL_ONE_IS_BACK
        if (pause := self._pace.until_next(self._useful())) > NOW:
            return min(pause, GLANCE)  # it ends early when a token has found work
        return self._token_if_due()

    def _useful(self) -> int:
        return self._crew.purse.useful if self._crew else 0

    def _token_if_due(self) -> Token | timedelta:
        token = self._free_token()
        if token is None:
            return UNTIL_ONE_IS_BACK
        patience = LONGEST
        try:
            patience = self._patience()
        finally:  # also when the database is away: an error's traceback keeps the token alive
            if patience > NOW:
                token.give_back()
        if patience > NOW:
            self._pace.ease()
            return patience
        self._pace.note_token()
        self._sweep_at = time.monotonic() + settings.SWEEP_EVERY.total_seconds()
        return token

    def _free_token(self) -> Token | None:
        if self._crew is None:
            return Token(None)
        receipt = self._crew.purse.take()
        return None if receipt is None else Token(receipt)

    def _patience(self) -> timedelta:
        """Until something is due; a sweep now and then is due as well."""
        sweep = timedelta(seconds=self._sweep_at - time.monotonic())
        due = until_due(self._using)
        return min(LONGEST, sweep, LONGEST if due is None else due)

    def wait(self, at_most: timedelta) -> None:
        """Sleep until something was committed, at most so long."""
        if at_most <= UNTIL_ONE_IS_BACK:  # not for news, but for the time to pass
            time.sleep(at_most.total_seconds())
        else:
            self._bell.wait(at_most)

    def close(self) -> None:
        """Let go of the bell."""
        self._bell.close()
