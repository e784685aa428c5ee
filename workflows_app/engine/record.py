"""How an attempt is put on record: by itself, or in one transaction with those of other threads."""

import threading
from functools import partial

from django.db import connections

from workflows_app.conf import settings
from workflows_app.models import EffectRun

from .locking import reconnecting
from .run_statements import mark, mark_many
from .settle import settle
from .settle_many import Finished, may_wait, settle_many, settles_with_others
from .together import Together

#: So many are stored while others are performed and claimed; fewer, when there is nothing else.
ENOUGH = 64


class Record:
    """Each attempt by itself."""

    def __init__(self, using: str) -> None:
        self.using = using

    def mark(self, run: EffectRun) -> bool:
        """Say that it is about to be sent; whether it may be, by its claim."""
        return reconnecting(self.using, partial(mark, self.using, run, settings.LEASE))

    def settle(self, finished: Finished) -> bool:
        """Store how it ended; False when somebody else has decided."""
        return settle(self.using, finished.run, finished.effect, finished.answer, finished.seconds)


class SharedRecord(Record):
    """For the threads of one drain: what they say at the same moment is one transaction.

    What somebody else has locked is left out and waits by itself, so that it keeps nobody waiting.
    """

    def __init__(self, using: str) -> None:
        super().__init__(using)
        self._marks = Together(self._mark)
        self._ends = Together(partial(settle_many, using))
        self._keeping = threading.Lock()
        self._kept: list[Finished] = []
        self.seconds_each = 0.1  # how long what was kept took, of late

    def mark(self, run: EffectRun) -> bool:
        # An UPDATE of MariaDB cannot pass over what somebody has locked.
        shares = connections[self.using].vendor != "mysql"
        return (shares and self._marks.store(run)) or super().mark(run)

    def settle(self, finished: Finished) -> bool:
        """The same; what is harmless to repeat is only kept, and stored with the next that are."""
        if may_wait(finished):
            with self._keeping:
                self._kept.append(finished)
                enough = len(self._kept) >= ENOUGH
            if enough:
                self.settle_kept()
            return True
        together = settles_with_others(finished) and self._ends.store(finished)
        return together or super().settle(finished)

    def settle_kept(self) -> None:
        """Store what was kept."""
        with self._keeping:
            kept, self._kept = self._kept, []
        for one, stored in zip(kept, self._ends.store_all(kept), strict=True):
            if not stored:  # somebody else has decided: that is told like any other
                super().settle(one)
        if kept:
            self.seconds_each = sum(one.seconds for one in kept) / len(kept)

    def _mark(self, runs: list[EffectRun]) -> list[bool]:
        return reconnecting(self.using, partial(mark_many, self.using, runs, settings.LEASE))
