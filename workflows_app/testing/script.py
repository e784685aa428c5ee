"""The script: what the outside world answers, without a network."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import router

from workflows_app.conf import settings
from workflows_app.contract.watching import Place, inside
from workflows_app.engine.sweep import sweep
from workflows_app.models import EffectRun

from .clock import running_clock
from .handlers import Asked, effects, standing_in

#: What an effect may answer: what its handler returns (a dict, ``accepted()``), what it raises (a
#: Failure, or any exception), a function of object and run, or a list of these, one for each
#: attempt. A probe answers in the same way; None is "still unknown".
Answer = Any


class OffScript(BaseException):
    """An effect was attempted that the script has no answer for.

    No Exception, because the engine would take that for one more failure of the effect.
    """


@dataclass(frozen=True)
class Call:
    """One call of an effect's handler, or of a probe."""

    #: The effect's name; of a probe, that of its function.
    effect: str
    #: The idempotency key: the same in every attempt of one intent.
    key: str
    #: Which attempt it was; 1 is the first.
    attempt: int
    #: What was frozen at the commit: the command's data and the carried columns.
    data: dict[str, Any]
    obj: Any
    #: Whether it was the probe that was asked.
    is_probe: bool = False


class Script:
    """The answers of a ``scripted()`` block, and the calls that were made in it."""

    def __init__(self, answers: Mapping[str, Answer], rest: Answer) -> None:
        #: Every call, in order.
        self.calls: list[Call] = []
        self._lock = threading.Lock()
        self._rest, self._answers = rest, dict[str, Answer]()
        self._complaints: list[str] = []
        for effect, answer in answers.items():
            self[effect] = answer

    def __setitem__(self, effect: str, answer: Answer) -> None:
        """Have an effect, or a probe, answer this from now on."""
        if effect not in (known := sorted(_names())):
            raise ValueError(f"No contract has an effect or a probe {effect!r}. They have {known}.")
        self._answers[effect] = list(answer) if isinstance(answer, list) else answer

    def calls_of(self, effect: str) -> list[Call]:
        """The calls of one effect, in order."""
        return [call for call in self.calls if call.effect == effect]

    def keys_of(self, effect: str) -> list[str]:
        """The keys one effect was called with, in order."""
        return [call.key for call in self.calls_of(effect)]

    def perform(self, asked: Asked, obj: Any, run: Any) -> Any:
        """What stands for a handler or a probe: note the call and answer."""
        is_probe = asked.part == "probe"
        with self._lock:
            self.calls.append(Call(asked.name, run.key, run.attempt, run.data, obj, is_probe))
            answer = self._next_answer(asked.name, self._of_the_rest(is_probe))
        return play(answer, obj, run)

    def refuse_loose_ends(self) -> None:
        """Raise AssertionError for calls without an answer and answers without a call."""
        if self._complaints:
            raise AssertionError(" ".join(self._complaints))
        lists = {name: one for name, one in self._answers.items() if isinstance(one, list)}
        left = {name: answers for name, answers in lists.items() if answers}
        if left:
            raise AssertionError(f"The script was not played to its end; there is left: {left}.")

    def _of_the_rest(self, is_probe: bool) -> Answer:
        """What nobody named answers: where there is an answer for it, a probe knows nothing."""
        return None if is_probe and self._rest is not ... else self._rest

    def _next_answer(self, effect: str, rest: Answer) -> Answer:
        answer = self._answers.get(effect, rest)
        if answer is ... or answer == []:
            times = len(self.calls_of(effect))
            self._complaints.append(
                f"Effect {effect} was called (attempt {times} in this script), and the script has"
                f" no answer: scripted({effect}=...)."
            )
            raise OffScript(self._complaints[-1])
        return answer.pop(0) if isinstance(answer, list) else answer


@contextmanager
def scripted(rest: Answer = ..., /, **answers: Answer) -> Iterator[Script]:
    """Have effects answer by script: ``with scripted(pay_out=[BankBusy, {"reference": "T-1"}])``.

    A list is one answer for each attempt, anything else the answer of every attempt: a dict is
    returned, an exception (class or instance) raised, a function called with object and run.
    A probe is named by its function: ``scripted(find_payment=accepted("T-1"))``.
    ``scripted({})`` answers ``{}`` for every effect that is not named, and "still unknown" for
    every probe; without it such a one ends the test. Everything but the body of the handler and
    of the probe is the engine's own. Raises AssertionError at the end for answers that nobody
    asked for.
    """
    script = Script(answers, rest)
    with standing_in(script.perform):
        yield script
    script.refuse_loose_ends()


def _names() -> set[str]:
    every = effects()
    return {one.name for one in every} | {one.probe.__name__ for one in every if one.probe}


def late(answer: Answer) -> Callable[[Any, Any], Any]:
    """An answer that comes after the lease has ended and another worker has noticed.

    Needs ``frozen_clock()``: time moves on while the handler stands still.
    """

    def stand_still(obj: Any, run: Any) -> Any:
        clock = running_clock()
        if clock is None:
            raise OffScript("late(...) lets time pass: have the test in frozen_clock().")
        clock.move(settings.LEASE + timedelta(seconds=1))
        with inside(Place.ENGINE):  # it stands in for another worker
            sweep(router.db_for_write(EffectRun))
        return play(answer, obj, run)

    return stand_still


def play(answer: Answer, obj: Any, run: Any) -> Any:
    """Return, raise or call it."""
    if isinstance(answer, BaseException) or _is_exception(answer):
        raise answer
    return answer(obj, run) if callable(answer) else answer


def _is_exception(answer: Answer) -> bool:
    return isinstance(answer, type) and issubclass(answer, BaseException)
