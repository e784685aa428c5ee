"""What came of looking for whom a message is: a closed set of types, and the row that keeps it."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Model
from django.utils import timezone

from workflows_app.contract.contract import Contract
from workflows_app.models import EffectRun, Message, MessageState, Operation
from workflows_app.models.clock import DatabaseNow, database_now
from workflows_app.models.identity import object_id_of

from .queue import wake

FIRST_PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(minutes=10)
#: Nothing in this code listens to it: only a deployment changes that.
UNHEARD_PAUSE = timedelta(hours=1)


@dataclass(frozen=True)
class Note:
    """Why a message is not used yet, or what came of it."""

    code: str
    detail: str


@dataclass(frozen=True)
class Used:
    """It has been used; the row says so, in the transaction that used it."""


@dataclass(frozen=True)
class Nobody:
    """Nobody waits for it, as far as this code and these rows say."""

    note: Note


@dataclass(frozen=True)
class Trouble:
    """It is for somebody, and could not be used yet."""

    note: Note


Looked = Used | Nobody | Trouble

UNHEARD = Nobody(Note("unheard", "Nothing in a contract listens to such a message."))
NOBODY_FOUND = Nobody(Note("nobody_found", "Nobody waits for it, and no object is found by it."))


def note_ref(using: str, message: Message, ref: str) -> None:
    """Write what it is about, so that whoever waits for that finds it after his own commit."""
    if message.ref != ref:
        message.ref = ref
        Message.objects.using(using).filter(pk=message.pk).update(ref=ref)


def note_object(using: str, message: Message, object_type: str, object_id: str) -> None:
    """Write which object it is for, before that is asked: its next command has it looked at."""
    if (message.object_type, message.object_id) != (object_type, object_id):
        message.object_type, message.object_id = object_type, object_id
        mine = Message.objects.using(using).pending().filter(pk=message.pk)
        mine.update(object_type=object_type, object_id=object_id)


def look_again(using: str, contract: Contract, obj: Model) -> None:
    """Have what could not be used by this object looked at now, because it has changed.

    In the transaction of its command. Whoever looks at one beside us saw the object as it was:
    its ``due`` is another one then, so he writes no pause over this.
    """
    if not contract.is_told:
        return
    mine = Message.objects.using(using).of(contract.object_type, object_id_of(obj)).pending()
    if mine.update(due=DatabaseNow()):
        wake(using)


def note_used(
    using: str, message: Message, by: Operation | EffectRun, note: Note | None = None
) -> bool:
    """Write that it is used, in the transaction that uses it; False if it was used beside us."""
    columns: dict[str, Any] = {
        "state": MessageState.MATCHED,
        "due": None,
        "note": None if note is None else asdict(note),
        "finished_at": timezone.now(),
        "object_type": by.object_type,
        "object_id": by.object_id,
    }
    columns |= {"operation": by} if isinstance(by, Operation) else {"run": by}
    mine = Message.objects.using(using).pending().filter(pk=message.pk)
    return bool(mine.update(**columns))


def note_unused(using: str, message: Message, looked: Nobody | Trouble) -> None:
    """Write why it is not used, and when it is looked at again; once its time is over, never."""
    now = database_now(using)
    over = now >= message.expires_at
    taken = {"looks": message.looks, "due": message.due}
    Message.objects.using(using).pending().filter(pk=message.pk, **taken).update(
        state=MessageState.EXPIRED if over else _STATES[type(looked)],
        due=None if over else min(now + _pause(message, looked), message.expires_at),
        note=asdict(looked.note),
        finished_at=now if over else None,
    )


def take_to_look(using: str, message: Message, until: datetime) -> bool:
    """Let nobody else look at it until then; False if somebody has begun to."""
    mine = Message.objects.using(using).pending().filter(pk=message.pk, looks=message.looks)
    message.looks, message.due = message.looks + 1, until
    return bool(mine.update(looks=message.looks, due=until))


_STATES = {Nobody: MessageState.UNMATCHED, Trouble: MessageState.STUCK}


def _pause(message: Message, looked: Nobody | Trouble) -> timedelta:
    if looked is UNHEARD:
        return UNHEARD_PAUSE
    times: int = 3 ** min(max(message.looks - 1, 0), 10)
    return min(LONGEST_PAUSE, FIRST_PAUSE * times)
