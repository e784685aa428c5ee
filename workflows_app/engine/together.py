"""Group commit: what several threads store at the same moment goes into one transaction."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from .traces import untold

Item = TypeVar("Item")

logger = logging.getLogger("workflows_app")


@dataclass
class _Waiting(Generic[Item]):
    item: Item
    tried: bool = False
    stored: bool = False


class Together(Generic[Item]):
    """Stores the items of many threads in one step; each goes on when its own was tried.

    The first stores all that has gathered while the one before it stored. So nobody waits for
    company, and the more there is to store, the more goes into one step.
    """

    def __init__(self, step: Callable[[list[Item]], list[bool]]) -> None:
        self._step = step
        self._gathered: list[_Waiting[Item]] = []
        self._gathering, self._storing = threading.Lock(), threading.Lock()

    def store(self, item: Item) -> bool:
        """Whether it was stored; what was not is to be tried alone, where nobody disturbs it."""
        mine = _Waiting(item)
        with self._gathering:
            self._gathered.append(mine)
        with self._storing:
            if not mine.tried:
                self._store_gathered()
        return mine.stored

    def store_all(self, items: list[Item]) -> list[bool]:
        """The same for many items of one thread."""
        try:
            return self._step(items)
        except Exception as error:
            logger.error("%s could not be stored together", len(items), exc_info=untold(error))
            return [False for _ in items]

    def _store_gathered(self) -> None:
        with self._gathering:
            gathered, self._gathered = self._gathered, []
        stored = self.store_all([one.item for one in gathered])
        for one, is_stored in zip(gathered, stored, strict=True):
            one.tried, one.stored = True, is_stored
