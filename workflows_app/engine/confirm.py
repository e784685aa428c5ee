"""Confirming: a message says what became of an effect that the outside has accepted."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from workflows_app.contract.confirmation import External
from workflows_app.contract.contract import Contract
from workflows_app.contract.effects import Effect
from workflows_app.contract.registry import Unbound, contract_for, contracts
from workflows_app.models import EffectRun, EventKind, Message
from workflows_app.models.effect_run import OPEN

from .answers import Answer, Failed
from .hear import hear
from .locking import lock_named_object, own_transaction, pk_of
from .notes import Looked, Nobody, Note, Trouble, Used, note_ref, note_used
from .outside import Told, settle_from_outside
from .queue import wake
from .traces import untold

logger = logging.getLogger("workflows_app")

NOT_YET = Nobody(Note("not_yet", "The effect it is about is under way; it waits for that."))
NO_RUN = Nobody(Note("nobody_waits", "No effect was accepted under the reference it names."))
UNREADABLE = Trouble(Note("unexpected_error", "The contract cannot read what it is about."))


@dataclass(frozen=True)
class Confirming:
    """An effect that messages of this kind may be about."""

    contract: Contract
    effect: Effect
    by: External


def confirm(using: str, message: Message) -> Looked | None:
    """Settle the run that this message is about; None where no effect listens to such messages.

    What it means is read outside of any transaction. Then one transaction: the object's lock, the
    run's, what follows, and the message's own row.
    """
    confirming = list(confirmed_by(message.endpoint, message.type))
    if not confirming:
        return None
    refs = list(references_in(message.payload, confirming))
    if not refs:
        return UNREADABLE
    note_ref(using, message, refs[0][1])
    found = _run_meant(using, refs)
    if found is None:
        return NO_RUN
    run, effect = found
    answer = _read(using, message, run, effect)
    if isinstance(answer, Failed) and answer.failure.code in _UNREADABLE:
        return Trouble(Note(answer.failure.code, answer.failure.detail))
    return _settle(using, message, run, effect, answer)


def confirming_messages(using: str, run: EffectRun, effect: Effect) -> list[Message]:
    """The messages that have come about a run which waits for one, or is in doubt."""
    by = effect.confirmed_by
    if by is None or by.endpoint is None:
        return []
    refs = [run.key] if run.reference is None else [run.key, run.reference]
    stored = Message.objects.using(using).pending().filter(ref__in=refs)
    mine = stored.filter(endpoint=by.endpoint, type__in=by.types).order_by("id")
    return [message for message in mine if message.ref in refs]


def reference_of(endpoint: str, type: str, payload: Any) -> str:
    """What a message is about, as the first effect that listens to it reads that; or nothing."""
    refs = references_in(payload, list(confirmed_by(endpoint, type)))
    return next((ref for _, ref in refs), "")


def confirmed_by(endpoint: str, type: str) -> Iterator[Confirming]:
    """The effects of all contracts that a message of this type may confirm."""
    for contract in contracts():
        for effect in contract.effects.values():
            by = effect.confirmed_by
            if by is not None and by.endpoint == endpoint and type in by.types:
                yield Confirming(contract, effect, by)


def references_in(payload: Any, confirming: list[Confirming]) -> Iterator[tuple[Confirming, str]]:
    """What each of them reads out of the payload; one that cannot is left out, and logged."""
    for one in confirming:
        try:
            reference = one.by.ref(payload)
        except Exception as error:
            where = f"ref of {one.effect.name}"
            logger.info("%s cannot read a message", where, exc_info=untold(error))
        else:
            if reference is not None and len(str(reference)) <= _LONGEST:
                yield one, str(reference)


_LONGEST = 255
#: What ``read`` did not mean to say.
_UNREADABLE = ("unexpected_error", "unexpected_result")


def _run_meant(using: str, refs: list[tuple[Confirming, str]]) -> tuple[EffectRun, Effect] | None:
    """The run with this reference, or this key: one that is open before one that is settled."""
    found = [(run, one.effect) for one, ref in refs for run in _runs(using, one, ref)]
    found.sort(key=lambda pair: (pair[0].state in OPEN, pair[0].id), reverse=True)
    return found[0] if found else None


def _runs(using: str, one: Confirming, ref: str) -> list[EffectRun]:
    runs = EffectRun.objects.using(using).filter(
        object_type=one.contract.object_type, effect__in=(*one.effect.was, one.effect.name)
    )
    if (run_id := _id_in(ref)) and (keyed := runs.filter(pk=run_id).first()):
        return [keyed] if keyed.key == ref else []
    # MariaDB finds "T1" under "T1 ".
    return [run for run in runs.filter(reference=ref) if run.reference == ref]


def _id_in(key: str) -> UUID | None:
    """The id of the run in its key, ``<id>:<generation>``."""
    try:
        return UUID(key.partition(":")[0])
    except ValueError:
        return None


def _read(using: str, message: Message, run: EffectRun, effect: Effect) -> Answer:
    """What the message means, in the language of a handler."""
    by: Any = effect.confirmed_by
    obj = _object_of(using, run)
    return hear(effect, run.id, lambda: by.read(obj, message.payload), may_be_out=True)


def _object_of(using: str, run: EffectRun) -> Any:
    try:
        model = contract_for(run.object_type).model
    except Unbound:
        return None
    return model._base_manager.using(using).filter(pk=pk_of(model, run.object_id)).first()


def _settle(
    using: str, message: Message, found: EffectRun, effect: Effect, answer: Answer
) -> Looked:
    with own_transaction(using):
        obj = lock_named_object(found.object_type, found.object_id, using)
        run = EffectRun.objects.using(using).select_for_update().get(pk=found.pk)
        if not Message.objects.using(using).pending().filter(pk=message.pk).exists():
            return Used()  # beside us, under the same lock
        evidence = {"message": str(message.id), "type": message.type, "from": message.endpoint}
        told = settle_from_outside(
            using, run, effect, answer, obj, kind=EventKind.CONFIRMED, evidence=evidence
        )
        if told is Told.LATER:
            return NOT_YET
        note_used(using, message, run, _NOTES.get(told))
        wake(using)
    return Used()


_NOTES = {
    Told.KNOWN: Note("known", "It told what was known already."),
    Told.CONTRADICTS: Note("contradicts", "It speaks against what was decided; a person looks."),
}
