"""Asking: what became of a run that was accepted, or is in doubt. The probe says."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db.models import F

from workflows_app.conf import settings
from workflows_app.contract.effects import Effect
from workflows_app.contract.watching import Place, inside
from workflows_app.failures import Recorded
from workflows_app.models import EffectRun, Event, EventKind, RunState
from workflows_app.models.clock import DatabaseNow, database_now

from .answers import Answer, Failed, InDoubt, Verdict, pause
from .evidence import told
from .follow_up import NOT_CONFIRMED
from .hand_back import snooze
from .hear import hear
from .locking import lock_named_object, own_transaction, reconnecting, retrying
from .outside import conclude_told, judge_told, settle_from_outside
from .run import Run
from .run_events import write_event
from .signals import attempt_answered

STILL_UNKNOWN = Failed(Recorded("still_unknown", "Nobody knows yet what became of it.", "unknown"))


@dataclass(frozen=True)
class StillOpen:
    """Nothing is known yet: the probe is asked again then; None: a person decides."""

    due: datetime | None


def take(using: str, limit: int) -> list[EffectRun]:
    """Take up to ``limit`` runs that are due to be asked for; nobody else has them for a lease.

    Each under its fence and the number of the question, so that two who take get it once.
    """
    if limit <= 0:
        return []
    # A look for each state: only then do partial indexes serve it.
    due = [
        run
        for state in (RunState.WAITING, RunState.IN_DOUBT)
        for run in EffectRun.objects.using(using).to_be_asked(state)[:limit]
    ]
    oldest = sorted(due, key=lambda run: (run.due, run.id))[:limit]
    return [run for run in oldest if _take(using, run)]


def ask(using: str, run: EffectRun, effect: Effect | None, obj: Any) -> None:
    """Ask the probe about a run that was taken, outside any transaction, and store its answer.

    Where there is no probe, only the time is up.
    """
    if effect is None:
        snooze(using, run)
        return
    answer = _answer(using, run, effect, obj)
    reconnecting(using, partial(_store, using, run, effect, answer))


def _take(using: str, run: EffectRun) -> bool:
    mine = EffectRun.objects.using(using).filter(
        pk=run.pk, state=run.state, fence=run.fence, probes=run.probes, due__lte=DatabaseNow()
    )
    leased = DatabaseNow() + settings.LEASE
    run.probes += 1
    return bool(retrying(using, lambda: mine.update(due=leased, probes=F("probes") + 1)))


def _answer(using: str, run: EffectRun, effect: Effect, obj: Any) -> Answer:
    probe = effect.probe
    if probe is None or obj is None:
        return STILL_UNKNOWN

    def say() -> Any:
        with inside(Place.HANDLER, effect, obj):
            return probe(obj, Run(using, run, effect))

    return hear(effect, run.id, say, may_be_out=True, nothing=STILL_UNKNOWN)


def _store(using: str, taken: EffectRun, effect: Effect, answer: Answer) -> None:
    with own_transaction(using):
        obj = lock_named_object(taken.object_type, taken.object_id, using)
        run = _lock_asked(using, taken)
        if run is None:
            _hear_too_late(using, taken, effect, answer, obj)
            return
        if effect.probe is not None:
            attempt_answered.send(EffectRun, run=run, effect=effect, answer=answer)
        now = database_now(using)
        verdict = judge_told(run, effect, answer, now) or _still_open(run, effect, now)
        _write_events(using, taken, effect, answer, verdict)
        if isinstance(verdict, StillOpen):
            run.due = verdict.due
            run.save(using=using, update_fields=["due"])
        else:
            conclude_told(using, run, effect, verdict, obj)


def _lock_asked(using: str, taken: EffectRun) -> EffectRun | None:
    """The run as it is, locked, if it still waits for this very answer."""
    asked = {"state": taken.state, "fence": taken.fence, "probes": taken.probes}
    mine = EffectRun.objects.using(using).filter(pk=taken.pk, **asked)
    if not mine.update(probes=taken.probes):
        return None
    return mine.select_related("operation").get()


def _hear_too_late(using: str, taken: EffectRun, effect: Effect, answer: Answer, obj: Any) -> None:
    """Somebody has decided meanwhile, or it was asked again: what was said is still evidence."""
    asked = {"of": taken.state, "question": taken.probes, "fence": taken.fence}
    before = Event.objects.using(using).filter(run=taken, kind=EventKind.PROBED)
    if before.filter(**{f"data__{name}": value for name, value in asked.items()}).exists():
        return  # by us: we never heard that the commit came through
    run = EffectRun.objects.using(using).select_for_update().get(pk=taken.pk)
    if isinstance(answer, Failed) and run.fence != taken.fence:
        # It was sent again since, and of that nobody was asked.
        write_event(using, run, EventKind.PROBED, **told(answer) | asked, counts=False)
        return
    settle_from_outside(using, run, effect, answer, obj, kind=EventKind.PROBED, evidence=asked)


def _still_open(run: EffectRun, effect: Effect, now: datetime) -> StillOpen | Verdict:
    """What comes next of a run about which nothing is known."""
    deadline = run.deadline or now
    if run.state == RunState.IN_DOUBT:
        again = min(now + pause(effect, run.probes), deadline)
        return StillOpen(again if now < deadline else None)
    if now >= deadline:
        return _not_confirmed(effect, now)
    every = effect.confirmed_by.every if effect.confirmed_by else None
    return StillOpen(deadline if every is None else min(now + every, deadline))


def _not_confirmed(effect: Effect, now: datetime) -> InDoubt:
    """It was asked for just now, so it is not asked at once again; without a probe, by nobody."""
    if effect.probe is None:
        return InDoubt(NOT_CONFIRMED)
    return InDoubt(NOT_CONFIRMED, now + pause(effect, 1), now + effect.doubt_deadline)


def _write_events(
    using: str, run: EffectRun, effect: Effect, answer: Answer, verdict: StillOpen | Verdict
) -> None:
    at = verdict.due if isinstance(verdict, StillOpen | InDoubt) else None
    next_at = at.isoformat() if at else None
    if effect.probe is not None:
        asked = {"of": run.state, "question": run.probes, "fence": run.fence, "next_at": next_at}
        if isinstance(answer, Failed):
            asked["outcome"] = _OUTCOMES[answer.failure.kind]
        write_event(using, run, EventKind.PROBED, **told(answer) | asked)
    if isinstance(verdict, InDoubt) and verdict.failure is NOT_CONFIRMED:
        write_event(using, run, EventKind.UNCONFIRMED, next_at=next_at)


_OUTCOMES = {"rejected": "failed", "not_sent": "not_sent", "unknown": "unknown"}
