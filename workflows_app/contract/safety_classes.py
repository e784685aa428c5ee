"""The three safety classes: an effect is declared by the one that it chooses."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypedDict, Unpack

from workflows_app.failures import ContractError, Failure, NotSent, Rejected, Unknown

from .confirmation import External
from .effects import Effect, Safety
from .retry import Retry
from .who import Who
from .words import duration, listed, name, names, plain_function

Declare = Callable[[Callable[..., Any]], Effect]


class Promises(TypedDict, total=False):
    """What every class of effect may say; each is optional."""

    retry: Retry  #: how often and how long it is tried
    timeout: timedelta  #: what an attempt promises to take at most; 20 seconds
    carries: Sequence[str]  #: columns frozen into ``run.data`` at the commit
    fails_with: Sequence[type[Failure]]  #: its typed failures
    then: str  #: the transition that follows when it is done
    otherwise: str  #: the transition that follows when it is dead
    accepted_then: str  #: the transition that runs when the outside has accepted it
    confirmed_by: External  #: who confirms what was accepted
    probe: Callable[..., Any]  #: asks the outside what became of it, in the handler's language
    undo: Effect  #: the effect that takes it back
    undo_waiting: bool  #: take it back already while it waits for its confirmation
    owner: Who  #: who acts when it is dead or in doubt
    lane: str  #: the runs of one lane of an object go one after the other
    max_running: int  #: so many at a time in the whole fleet
    per: str | Callable[..., Any]  #: ... for each value of this column or function of the object
    label: str  #: what people read
    was: Sequence[str]  #: its names in earlier releases, oldest first


def replay_safe(**said: Unpack[Promises]) -> Declare:
    """Declare an effect that may safely be repeated: recompute, upsert, a mail that may come twice.

    It is in no lane, unless one is named. The arguments are those of ``Promises``.
    """
    return lambda handler: _declare(handler, Safety.REPLAY_SAFE, said)


def keyed(*, window: timedelta = timedelta(hours=24), **said: Unpack[Promises]) -> Declare:
    """Declare an effect whose remote honours ``run.key`` as an idempotency key for ``window``.

    It is retried freely inside the window with the same key and never after it; a budget that
    ends on Unknown leaves it in doubt. Keyed effects of one object run in order. The other
    arguments are those of ``Promises``.
    """
    duration("@keyed: window", window)
    return lambda handler: _declare(handler, Safety.KEYED, said, window=window)


def committed(
    *,
    settle: timedelta | None = None,
    resend_after_probe: bool = False,
    doubt_deadline: timedelta = timedelta(hours=4),
    **said: Unpack[Promises],
) -> Declare:
    """Declare an effect that is visible outside and counts once, where the remote does not help.

    That it is about to be sent is committed first; what may have been sent is never sent again
    without a probe or a person. It is in doubt then: after ``settle`` (at least, and unsaid, twice
    ``timeout``) the ``probe`` is asked, again and again until ``doubt_deadline``, then a person.
    Where the probe says that it never arrived, ``resend_after_probe`` sends it again; without it,
    a person decides. The other arguments are those of ``Promises``.
    """
    duration("@committed: doubt_deadline", doubt_deadline)
    if settle is not None:
        duration("@committed: settle", settle)
    return lambda handler: _declare(
        handler,
        Safety.COMMITTED,
        said,
        settle=settle,
        resend_after_probe=resend_after_probe,
        doubt_deadline=doubt_deadline,
    )


def _declare(
    handler: Any,
    safety: Safety,
    said: Promises,
    *,
    window: timedelta | None = None,
    settle: timedelta | None = None,
    resend_after_probe: bool = False,
    doubt_deadline: timedelta = timedelta(hours=4),
) -> Effect:
    if isinstance(handler, Effect):
        raise ContractError(
            f"Effect {handler.name}: choose one of @replay_safe, @keyed and @committed."
        )
    called = getattr(handler, "__name__", str(handler))
    what = f"Effect {called}"
    plain_function(f"{what} (object and run)", handler, (2,))
    _refuse_unknown_words(what, said)
    _refuse_wrong_names(what, said)
    _refuse_wrong_parts(what, said)
    timeout = duration(f"{what}: timeout", said.get("timeout", timedelta(seconds=20)))
    _refuse_wrong_limit(what, said)
    return Effect(
        name=name("The name of an effect", called),
        handler=handler,
        safety=safety,
        retry=said.get("retry", Retry()),
        timeout=timeout,
        carries=names(f"{what}: carries", said.get("carries", ())),
        fails_with=_failures(what, said.get("fails_with", ())),
        then=said.get("then"),
        otherwise=said.get("otherwise"),
        accepted_then=said.get("accepted_then"),
        confirmed_by=said.get("confirmed_by"),
        probe=said.get("probe"),
        undo=said.get("undo"),
        undo_waiting=said.get("undo_waiting", False),
        owner=said.get("owner"),
        lane=said.get("lane", None if safety is Safety.REPLAY_SAFE else "main"),
        max_running=said.get("max_running"),
        per=said.get("per"),
        window=window,
        settle=_settle(what, settle, timeout),
        resend_after_probe=resend_after_probe,
        doubt_deadline=doubt_deadline,
        label=said.get("label") or called.replace("_", " ").capitalize(),
        was=tuple(name(f"{what}: was", one) for one in listed(f"{what}: was", said.get("was", ()))),
    )


def _refuse_unknown_words(what: str, said: Promises) -> None:
    known = sorted(Promises.__annotations__)
    if strange := sorted(set(said) - set(known)):
        raise ContractError(f"{what}: {', '.join(strange)}= is none of {', '.join(known)}.")


def _refuse_wrong_names(what: str, said: Promises) -> None:
    for word in ("then", "otherwise", "accepted_then"):
        if said.get(word) is not None:
            name(f"{what}: {word} (the name of a transition)", said[word])
    if said.get("lane") is not None:
        name(f"{what}: lane", said["lane"])


def _refuse_wrong_parts(what: str, said: Promises) -> None:
    if not isinstance(said.get("retry", Retry()), Retry):
        raise ContractError(f"{what}: retry= takes Retry(...), not {said['retry']!r}.")
    owner = said.get("owner")
    if owner is not None and (not isinstance(owner, Who) or owner.admits_system):
        raise ContractError(f"{what}: owner= takes the role that acts when it is dead.")
    if not isinstance(said.get("confirmed_by"), External | None):
        raise ContractError(
            f"{what}: confirmed_by= takes External(...), not {said['confirmed_by']!r}."
        )
    if said.get("accepted_then") is not None and said["accepted_then"] == said.get("then"):
        raise ContractError(f"{what}: then= is to be another transition than accepted_then=.")
    if said.get("undo_waiting") and said.get("undo") is None:
        raise ContractError(f"{what}: undo_waiting= is about an undo; say undo= too.")
    if not isinstance(said.get("undo"), Effect | None):
        raise ContractError(f"{what}: undo= takes an effect declared above, not {said['undo']!r}.")
    if said.get("probe") is not None:
        plain_function(f"{what}: probe (object and run)", said["probe"], (2,))


def _refuse_wrong_limit(what: str, said: Promises) -> None:
    most, per = said.get("max_running"), said.get("per")
    if most is not None and (not isinstance(most, int) or isinstance(most, bool) or most < 1):
        raise ContractError(f"{what}: max_running={most!r}; at least one runs at a time.")
    if per is not None and most is None:
        raise ContractError(f"{what}: per= divides a limit; say max_running= too.")
    if callable(per):
        plain_function(f"{what}: per (the object)", per, (1,))
    elif per is not None:
        name(f"{what}: per (a column)", per)


def _settle(what: str, said: timedelta | None, timeout: timedelta) -> timedelta:
    if said is not None and said < 2 * timeout:
        raise ContractError(
            f"{what}: settle={said} is less than twice its timeout: it may still be under way then."
        )
    return said or 2 * timeout


def _failures(what: str, given: Any) -> tuple[type[Failure], ...]:
    declared = listed(f"{what}: fails_with", given)
    for failure in declared:
        if not (isinstance(failure, type) and issubclass(failure, Rejected | NotSent | Unknown)):
            raise ContractError(
                f"{what}: fails_with lists subclasses of Rejected, NotSent or Unknown,"
                f" not {failure!r}."
            )
    return declared
