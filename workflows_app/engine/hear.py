"""Hearing: what a handler, a probe or a message says becomes an answer of a closed set."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from workflows_app.contract.confirmation import Accepted
from workflows_app.contract.data import as_json
from workflows_app.contract.effects import Effect
from workflows_app.failures import Failure, Invalid, Recorded, Refused, Unknown

from .answers import Answer, Failed, Happened, Taken
from .traces import untold

logger = logging.getLogger("workflows_app")

DONE = Happened({})
UNEXPECTED_RESULT = Recorded(
    "unexpected_result",
    "The effect returned something else than a dict of JSON values.",
    "unknown",
)


def hear(
    effect: Effect,
    run: Any,
    say: Callable[[], Any],
    *,
    may_be_out: bool,
    nothing: Answer = DONE,
) -> Answer:
    """What was said: returned, accepted, or raised.

    ``may_be_out``: something may have left, so what the contract does not declare is unknown.
    Otherwise it counts as not sent, because another attempt does no harm. ``nothing``: what None
    means. ``run``: its id.
    """
    otherwise = "unknown" if may_be_out else "not_sent"
    try:
        result = say()
    except Failure as failure:
        return _failed(effect, failure, otherwise)
    except Refused as refusal:  # of run.execute(): the object may allow it later
        logger.info("effect %s of run %s was refused: %s", effect.name, run, refusal.code)
        return Failed(Recorded(refusal.code, refusal.detail, otherwise))
    except (Exception, SystemExit) as error:
        told = "effect %s of run %s raised what it does not declare"
        logger.error(told, effect.name, run, exc_info=untold(error))
        return Failed(_undeclared(error, otherwise))
    return nothing if result is None else _returned(effect, result)


def _returned(effect: Effect, result: Any) -> Answer:
    """Done with this result. One that cannot be stored leaves unknown what was done."""
    if isinstance(result, Accepted):
        return Taken(result.reference)
    try:
        return Happened(as_json(dict(result)))
    except (TypeError, ValueError, Invalid):
        logger.error("effect %s returned %s", effect.name, type(result).__name__)
        return Failed(UNEXPECTED_RESULT)


def _failed(effect: Effect, failure: Failure, otherwise: str) -> Answer:
    if not isinstance(failure, effect.fails_with):
        logger.error("effect %s does not declare %s", effect.name, type(failure).__name__)
        return Failed(_undeclared(failure, otherwise), failure.retry_after)
    recorded = replace(failure.recorded(), facts=_storable(failure.facts))
    return Failed(recorded, failure.retry_after)


def _storable(facts: dict[str, Any]) -> dict[str, Any]:
    """The facts in JSON form; where that is impossible, how they would be printed."""
    try:
        return dict(as_json(facts))
    except (TypeError, ValueError, Invalid):
        return {name: repr(value) for name, value in facts.items()}


def _undeclared(error: BaseException, otherwise: str) -> Recorded:
    detail = f"{type(error).__name__} was raised, which the contract does not declare."
    kind = "unknown" if isinstance(error, Unknown) else otherwise
    return Recorded("unexpected_error", detail, kind)
