"""Matching: a stored message finds whom it is for, or says why not and is looked at again."""

import logging
import math
import time
from functools import partial
from typing import Any

from django.db import DatabaseError, InterfaceError, connections

from workflows_app.conf import settings
from workflows_app.contract.effects import Effect
from workflows_app.failures import Refused
from workflows_app.models import EffectRun, Message
from workflows_app.models.clock import database_now

from .confirm import NO_RUN, confirm, confirming_messages
from .listeners import run_listener
from .locking import retrying
from .notes import Looked, Nobody, Note, Trouble, Used, note_unused, take_to_look
from .signals import run_waits
from .traces import untold

logger = logging.getLogger("workflows_app")

AT_A_TIME = 100


def match(using: str, message: Message) -> None:
    """Use a stored message, or note why it cannot be used now. What it says never raises."""
    looked = _looked(using, message)
    if not isinstance(looked, Used):
        retrying(using, partial(note_unused, using, message, looked))


def match_due(using: str, *, at_most_seconds: float = math.inf) -> int:
    """Look again at the messages that are due; how many were looked at. Stops after a while, for
    other work to have its turn. One that is in trouble keeps no other waiting.
    """
    ends, looks = time.monotonic() + at_most_seconds, 0
    for message in Message.objects.using(using).due()[:AT_A_TIME]:
        if take_to_look(using, message, database_now(using) + settings.LEASE):
            match(using, message)
            looks += 1
        if time.monotonic() >= ends:
            break
    return looks


def match_waiting(
    sender: Any, *, run: EffectRun, effect: Effect, using: str, **kwargs: Any
) -> None:
    """Look, after the commit that lets a run wait, for what had come before that."""
    try:
        for message in confirming_messages(using, run, effect):
            if take_to_look(using, message, database_now(using) + settings.LEASE):
                match(using, message)
    except (DatabaseError, InterfaceError) as error:  # the sweep looks again
        logger.warning("nobody looked for messages of %s", run.pk, exc_info=untold(error))


run_waits.connect(match_waiting)


def _use(using: str, message: Message) -> Looked:
    """An effect that waits for it goes before a transition that listens to it."""
    confirmed = confirm(using, message)
    if confirmed is not None and confirmed is not NO_RUN:
        return confirmed
    listened = run_listener(using, message)
    return listened if confirmed is None or not isinstance(listened, Nobody) else confirmed


def _looked(using: str, message: Message) -> Looked:
    try:
        return retrying(using, partial(_use, using, message))
    except Refused as refusal:
        logger.info("message %s was refused: %s", message.pk, refusal.code)
        return Trouble(Note(refusal.code, refusal.detail))
    except Exception as error:
        if not connections[using].is_usable():
            raise
        logger.error("message %s could not be used", message.pk, exc_info=untold(error))
        return Trouble(Note("unexpected_error", f"{type(error).__name__} was raised."))
