"""Settling many at once: what is done, and nothing follows from.

A commit for each of a thousand recomputations costs more than the recomputations.
"""

from dataclasses import dataclass
from functools import partial

from django.utils import timezone

from workflows_app.contract.effects import Effect, Safety
from workflows_app.models import EffectRun, Event, EventKind, RunState

from .answers import Happened
from .locking import own_transaction, reconnecting
from .run_events import done_attempt
from .settle import settle


@dataclass(frozen=True)
class Finished:
    """A run whose handler has returned, and whose outcome is not stored yet."""

    run: EffectRun
    effect: Effect
    answer: Happened
    seconds: float


def may_wait(run: EffectRun, effect: Effect) -> bool:
    """Whether a done run may be settled with others: repeating it is harmless, nothing follows."""
    return effect.safety is Safety.REPLAY_SAFE and run.lane is None and effect.then is None


def settle_many(using: str, finished: list[Finished]) -> None:
    """Store these outcomes in one transaction, each under its run's fence.

    A connection that broke meanwhile is opened again: if its commit came through nevertheless,
    nothing is left to store, and each is found to be stored already.
    """
    stored = reconnecting(using, partial(_store, using, finished))
    for one in finished:
        if one.run.pk not in stored:  # somebody else has decided: that is told like any other
            settle(using, one.run, one.effect, one.answer, one.seconds)


def _store(using: str, finished: list[Finished]) -> set[object]:
    with own_transaction(using):
        mine_still = _lock_fenced(using, finished)
        held = [one for one in finished if one.run.pk in mine_still]
        mine = EffectRun.objects.using(using).filter(pk__in=[one.run.pk for one in held])
        mine.update(
            state=RunState.DONE,
            result={},
            failure=None,
            lease_until=None,
            leases_lost=0,
            finished_at=timezone.now(),
        )
        _store_results(using, held)
        events = [_event(one) for one in held]
        Event.objects.using(using).bulk_create(events)
    return {one.run.pk for one in held}


def _lock_fenced(using: str, finished: list[Finished]) -> set[object]:
    fences = {one.run.pk: one.run.fence for one in finished}
    running = EffectRun.objects.using(using).filter(pk__in=fences, state=RunState.RUNNING)
    locked = running.order_by("pk").select_for_update().values_list("pk", "fence")
    return {pk for pk, fence in locked if fence == fences[pk]}


def _store_results(using: str, held: list[Finished]) -> None:
    told = [one for one in held if one.answer.result]
    for one in told:
        one.run.result = one.answer.result
    if told:
        EffectRun.objects.using(using).bulk_update([one.run for one in told], ["result"])


def _event(one: Finished) -> Event:
    data = done_attempt(one.run, one.seconds)
    return Event(kind=EventKind.ATTEMPT, actor="system", data=data, **one.run.fact())
