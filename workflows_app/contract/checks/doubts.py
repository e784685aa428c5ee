"""Can what is not certain be found out: by a probe, by a confirmation, from what was sent?"""

from collections.abc import Callable, Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, Warning

from workflows_app.contract.confirmation import accepted
from workflows_app.contract.effects import Effect, Safety
from workflows_app.contract.registry import Contract


def nobody_confirms(contract: Contract) -> Iterator[CheckMessage]:
    """What says ``accepted()`` has somebody who tells how it ends."""
    for effect in contract.effects.values():
        if effect.confirmed_by is None and _may_be_accepted(effect):
            yield Error(
                f"Effect {effect.name} may be accepted, and nobody confirms it.",
                hint="Say confirmed_by=External(...): the message that tells, or every=.",
                obj=contract.model,
                id="workflows_app.E023",
            )


def nobody_is_asked(contract: Contract) -> Iterator[CheckMessage]:
    """``every=`` asks a probe, and only a probe knows what became of what was committed."""
    for effect in contract.effects.values():
        if effect.probe is not None:
            continue
        if effect.confirmed_by is not None and effect.confirmed_by.every is not None:
            yield Error(
                f"Effect {effect.name}: External(every=...) asks the probe, and there is none.",
                hint="Say probe=<a function of object and run>.",
                obj=contract.model,
                id="workflows_app.E033",
            )
        elif effect.safety is Safety.COMMITTED:
            yield Warning(
                f"Effect {effect.name} has no probe: whenever it is in doubt, a person has to"
                " find out.",
                hint="Say probe=<a function that asks the outside what became of run.key>.",
                obj=contract.model,
                id="workflows_app.W020",
            )


def sent_from_now(contract: Contract) -> Iterator[CheckMessage]:
    """What is committed is sent as it was when it was decided, not as the object is by then."""
    for effect in contract.effects.values():
        if effect.safety is Safety.COMMITTED and not effect.carries:
            yield Warning(
                f"Effect {effect.name} carries no columns: it would send the object as it is when"
                " it is performed, not as it was decided.",
                hint="Say carries=[...] and send run.data.",
                obj=contract.model,
                id="workflows_app.W021",
            )


def _may_be_accepted(effect: Effect) -> bool:
    said_by = (effect.handler, effect.probe)
    return effect.accepted_then is not None or any(_says_accepted(one) for one in said_by if one)


def _says_accepted(function: Callable[..., Any]) -> bool:
    """Whether its own code names ``accepted``, as far as can be read."""
    code = getattr(function, "__code__", None)
    known = getattr(function, "__globals__", {})
    return code is not None and any(known.get(name) is accepted for name in code.co_names)


ALL = (nobody_confirms, nobody_is_asked, sent_from_now)
