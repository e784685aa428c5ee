"""The inbox: what comes from outside is stored first, once, and then used."""

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import (
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    connections,
    transaction,
)
from django.db.models import F

from workflows_app.conf import settings
from workflows_app.contract.data import as_json
from workflows_app.failures import Invalid, Reason
from workflows_app.models import Message, MessageState
from workflows_app.models.clock import database_now
from workflows_app.models.database import database_of

from .confirm import reference_of
from .locking import retrying
from .match import match
from .notes import take_to_look
from .traces import untold

logger = logging.getLogger("workflows_app")

#: So long a new message is left to whoever has received it, before the sweep looks at it.
GRACE = timedelta(seconds=10)
_ENDPOINT = re.compile(r"[a-z][a-z0-9_]{0,99}\Z")
_LONGEST = 255


def receive(endpoint: str, id: str, type: str, payload: Mapping[str, Any]) -> Message:
    """Take a message from outside: ``receive("bank", "msg_7", "transfer.settled", {...})``.

    ``id`` is the sender's: the same endpoint and id is the same message, and the first payload
    stays. It is stored in a transaction of its own and then used in another, so it is not lost when
    using it fails: it is looked at again for ``WORKFLOWS["MESSAGES_LIVE"]``. Whoever calls it has
    made sure who the sender is, as ``POST /inbox/{endpoint}/`` does. Answers the stored message;
    ``state`` says what came of it. Raises Invalid for what cannot be stored, TryAgain.

    Inside a transaction of the caller's it is stored with that, and used after its commit.
    """
    using = database_of(Message)
    new = _message(endpoint, id, type, payload)
    message = retrying(using, partial(_store, using, new))
    if _is_inside_a_transaction(using):

        def use_it() -> None:  # no partial: of one that fails, Django logs the name
            _use(using, message)

        transaction.on_commit(use_it, using=using, robust=True)
        return message
    return _use(using, message)


def _message(endpoint: str, id: str, type: str, payload: Any) -> Message:
    faults = [
        Reason("invalid", sentence, f"/{name}")
        for name, wrong, sentence in (
            ("endpoint", not _is_name(endpoint), "Name it in small letters, digits and _."),
            ("id", not _is_text(id) or not id, f"A text of 1 to {_LONGEST} characters."),
            ("type", not _is_text(type), f"A text of at most {_LONGEST} characters."),
            ("payload", not isinstance(payload, Mapping), "An object with named members."),
        )
        if wrong
    ]
    if faults:
        raise Invalid("This is no message.", reasons=faults)
    stored, digest = _stored_form(payload)
    return Message(
        endpoint=endpoint, message_id=id, type=type, ref=reference_of(endpoint, type, stored),
        payload=stored, digest=digest,
    )  # fmt: skip


def _is_name(given: Any) -> bool:
    return isinstance(given, str) and _ENDPOINT.match(given) is not None


def _is_text(given: Any) -> bool:
    """Without spaces round it, which MariaDB does not compare."""
    fits = isinstance(given, str) and len(given) <= _LONGEST
    return fits and given.isprintable() and given == given.strip()


def _stored_form(payload: Mapping[str, Any]) -> tuple[Any, str]:
    """The payload in JSON form and its digest. Raises Invalid for what no database keeps."""
    try:
        stored = as_json(dict(payload))
        text = json.dumps(stored, sort_keys=True, ensure_ascii=False).encode()
    except (Invalid, TypeError, ValueError, RecursionError) as error:  # or half a surrogate pair
        raise _unstorable("It is no JSON that a database keeps.") from error
    return stored, hashlib.sha256(text).hexdigest()


def _unstorable(detail: str) -> Invalid:
    return Invalid(detail, reasons=[Reason("invalid", detail, "/payload")])


def _store(using: str, new: Message) -> Message:
    """The stored message: this one, or the one that came under its id before."""
    with transaction.atomic(using=using):
        if earlier := _earlier(using, new):
            return _came_again(using, earlier, new)
    now = database_now(using)
    new.received_at, new.due = now, now + GRACE
    new.expires_at = now + settings.MESSAGES_LIVE
    try:
        with transaction.atomic(using=using):
            new.save(using=using, force_insert=True)
    except (IntegrityError, DataError) as error:
        return _stored_beside_us(using, new, error)
    return new


def _earlier(using: str, new: Message) -> Message | None:
    same = Message.objects.using(using).filter(endpoint=new.endpoint, message_id=new.message_id)
    return same.first()


def _stored_beside_us(using: str, new: Message, error: Exception) -> Message:
    with transaction.atomic(using=using):
        if earlier := _earlier(using, new):
            return _came_again(using, earlier, new)
    raise _unstorable("The database does not keep this: it is nested too deeply.") from error


def _came_again(using: str, earlier: Message, new: Message) -> Message:
    """The same message once more; one whose time was over gets another."""
    mine = Message.objects.using(using).filter(pk=earlier.pk)
    mine.update(repeated=F("repeated") + 1)
    if earlier.digest != new.digest:
        mine.update(differed=True)
        logger.warning("message %s came again and said something else", earlier.pk)
    now = database_now(using)
    again = {"state": MessageState.STORED, "due": now, "finished_at": None}
    expires_at = now + settings.MESSAGES_LIVE
    mine.filter(state=MessageState.EXPIRED).update(**again, expires_at=expires_at)
    return mine.get()


def _use(using: str, message: Message) -> Message:
    """Look for whom it is. Trouble with the database loses nothing: the sweep looks again."""
    try:
        if take_to_look(using, message, database_now(using) + GRACE):
            match(using, message)
        message.refresh_from_db(using=using)
    except (DatabaseError, InterfaceError) as error:
        logger.warning("message %s is stored and not used yet", message.pk, exc_info=untold(error))
        if not connections[using].in_atomic_block:
            connections[using].close_if_unusable_or_obsolete()
    return message


def _is_inside_a_transaction(using: str) -> bool:
    """Whether the caller has one open, other than that of a Django TestCase."""
    blocks = connections[using].atomic_blocks
    return bool(blocks) and not getattr(blocks[-1], "_from_testcase", False)
