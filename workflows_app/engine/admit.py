"""Limits: so many runs at a time in the whole fleet, and the next in the order of acceptance.

A run has its place from the moment it may be claimed until it is settled. A place has a number,
and the number is unique: who takes one that is taken loses, and looks again. So nobody waits for
a lock of the limit, and no object is locked.
"""

import hashlib
from collections import Counter
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Model, Q, QuerySet

from workflows_app.contract.effects import Effect
from workflows_app.contract.registry import Unbound, contract_for
from workflows_app.models import EffectRun, RunState
from workflows_app.models.clock import DatabaseNow

from .locking import own_transaction, retrying
from .queue import wake

LONGEST_KEY = 200  # and the number of a place behind it


def limit_key_of(object_type: str, effect: Effect, obj: Model) -> str | None:
    """What the run counts against: its effect, under its oldest name, and the value of ``per``."""
    if effect.max_running is None:
        return None
    key = f"{object_type}:{(*effect.was, effect.name)[0]}"
    if effect.per is not None:
        value = effect.per(obj) if callable(effect.per) else obj.serializable_value(effect.per)
        key = f"{key}:{value}"
    if len(key) > LONGEST_KEY:
        return hashlib.sha256(key.encode()).hexdigest()
    return key


def admit_later(using: str, run: EffectRun) -> None:
    """Let in who may, once the present transaction has committed, so that all of it is seen.

    Losing that loses nothing: the sweep lets in who was forgotten.
    """
    key = run.limit_key
    if key is None:
        return

    def let_in() -> None:  # no partial: of one that fails, Django wants to log the name
        admit(using, key)

    transaction.on_commit(let_in, using=using, robust=True)


def make_room(using: str, run: EffectRun) -> None:
    """A settled run gives its place to the next. Called in the transaction that settles it."""
    if run.holds_slot is not None:
        run.holds_slot = None
        run.save(using=using, update_fields=["holds_slot"])
    admit_later(using, run)


def admit(using: str, key: str) -> int:
    """Give the free places of a limit to the first that wait; how many got one.

    Never in the transaction of a command: what is admitted there would not be seen by others.
    """
    admitted = 0
    while (run := _waiting(using).filter(limit_key=key).order_by("id").first()) is not None:
        place = _free_place(using, key, _most(run.object_type, run.effect))
        if place is None:
            break
        admitted += retrying(using, partial(_take, using, run, place))
    return admitted


def forgotten(using: str) -> list[EffectRun]:
    """The first of each limit that waits for a place though one is free: who should have let it
    in went away before it could.
    """
    limits = _waiting(using).order_by("limit_key")
    asked = set(limits.values_list("limit_key", "object_type", "effect").distinct())
    taken = Counter(_inside(using).values_list("limit_key", flat=True))
    most = {key: _most(object_type, effect) for key, object_type, effect in asked}
    free = [key for key, at_most in most.items() if at_most is None or taken[key] < at_most]
    firsts = (_waiting(using).filter(limit_key=key).order_by("id").first() for key in free)
    return [run for run in firsts if run is not None]


def _waiting(using: str) -> QuerySet[EffectRun]:
    """Held for want of a place only."""
    held = EffectRun.objects.using(using).filter(
        state=RunState.HELD, limit_key__isnull=False, holds_slot__isnull=True, in_turn=True
    )
    return held.filter(Q(lane__isnull=True) | Q(holds_lane__isnull=False))


def _inside(using: str) -> QuerySet[EffectRun]:
    """Those that have a place. "Not null" would be said without an index on SQLite."""
    return EffectRun.objects.using(using).filter(holds_slot__gt="")


def _most(object_type: str, name: str) -> int | None:
    """How many at a time, as it is declared today; None: there is no limit any more.

    None at all where this code does not know the effect: who does lets it in.
    """
    try:
        effect = contract_for(object_type).effect_named(name)
    except Unbound:
        return 0
    return effect.max_running if effect else 0


def _free_place(using: str, key: str, most: int | None) -> str | None:
    """The lowest number that is free; none where as many places are taken as there may be."""
    taken = set(_inside(using).filter(limit_key=key).values_list("holds_slot", flat=True))
    if most is not None and len(taken) >= most:
        return None
    return next(place for n in range(1, len(taken) + 2) if (place := f"{key}#{n}") not in taken)


def _take(using: str, run: EffectRun, place: str) -> bool:
    """Whether the run got the place: another one may have been faster at either."""
    mine = _waiting(using).filter(pk=run.pk)
    queued: dict[str, Any] = {"state": RunState.QUEUED, "due": DatabaseNow(), "holds_slot": place}
    try:
        with own_transaction(using):
            wake(using)
            return bool(mine.update(**queued))
    except IntegrityError:
        return False
