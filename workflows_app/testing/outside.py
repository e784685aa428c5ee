"""The outside, which says what became of a run that waits or is in doubt."""

from typing import Any

from django.db import router, transaction

from workflows_app.contract.confirmation import accepted
from workflows_app.contract.contract import Contract
from workflows_app.contract.effects import Effect
from workflows_app.engine.hear import hear
from workflows_app.engine.locking import lock_named_object
from workflows_app.engine.outside import Told, settle_from_outside
from workflows_app.engine.sweep import effect_of
from workflows_app.models import EffectRun, EventKind
from workflows_app.models.identity import object_id_of

from .clock import frozen_clock
from .paths import Step
from .script import Answer, play, scripted
from .work import drain


def tell(run: EffectRun, answer: Answer) -> Told | None:
    """Have a message say this of a run, in the language of a script; None where its effect is gone.

    What the inbox does once it has found the run.
    """
    using = router.db_for_write(EffectRun)
    if (effect := effect_of(run)) is None:
        return None
    heard = hear(effect, run.pk, lambda: play(answer, None, None), may_be_out=True)
    with transaction.atomic(using=using):
        obj = lock_named_object(run.object_type, run.object_id, using)
        row = EffectRun.objects.using(using).select_for_update().get(pk=run.pk)
        return settle_from_outside(using, row, effect, heard, obj, kind=EventKind.CONFIRMED)


def open_runs(object_type: str, object_id: str) -> Any:
    """The runs of an object that wait, or are in doubt, the latest first."""
    runs = EffectRun.objects.of(object_type, object_id)
    return runs.filter(state__in=("waiting", "in_doubt")).order_by("-version", "-position")


def bring_about(contract: Contract, obj: Any, step: Step, effect: Effect, answer: Answer) -> bool:
    """What happens to an effect between its acceptance and its end, as far as a step needs it.

    Whether that was all: an effect that was not accepted before ends by its own attempt.
    """
    mine = open_runs(contract.object_type, object_id_of(obj)).filter(effect=effect.name)
    with frozen_clock() as clock:
        if not step.ends and not mine.exists():
            with scripted({}, **{effect.name: accepted()}):
                drain()
        run = mine.first()
        if run is not None and step.unconfirmed:
            clock.move_to(max(clock.now, run.deadline or clock.now))
            with scripted({}):
                drain()
        elif run is not None and step.ends:
            tell(run, answer)
    return run is not None
