"""Can every message come, from a sender who signs, and does it say what follows from it?"""

from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from itertools import combinations

from django.core.checks import CheckMessage, Error, Warning

from workflows_app.conf import settings
from workflows_app.contract.messages import OnMessage
from workflows_app.contract.registry import Contract, contracts
from workflows_app.contract.transitions import Transition

Listening = tuple[Contract, Transition, OnMessage]


def not_for_the_system(contract: Contract) -> Iterator[CheckMessage]:
    """A message gives its command as SYSTEM."""
    for transition in contract.transitions.values():
        if transition.messages and not transition.by.admits_system:
            yield Error(
                f"{transition.name} is run by {_types(transition.messages[0])}, and SYSTEM may not"
                " do it.",
                hint=f"Add it to the transition: by=... | SYSTEM on {transition.name}.",
                obj=contract.model,
                id="workflows_app.E045",
            )


def project_faults() -> Iterator[CheckMessage]:
    """What only all contracts and the settings together show."""
    installed = list(contracts())
    yield from several_listeners(installed)
    yield from _without_secrets(installed)
    yield from _from_anybody(installed)
    if settings.INBOX and find_spec("standardwebhooks") is None:
        yield Error(
            'WORKFLOWS["INBOX"] names senders, and the package that verifies them is missing.',
            hint="pip install 'django-workflows-app[webhooks]'",
            id="workflows_app.E047",
        )


def _listening(among: Iterable[Contract]) -> Iterator[Listening]:
    for contract in among:
        for transition in contract.transitions.values():
            for listener in transition.messages:
                yield contract, transition, listener


def several_listeners(among: Iterable[Contract]) -> Iterator[CheckMessage]:
    """A message runs one transition: in one contract the state of the object may say which."""
    for one, other in combinations(_listening(among), 2):
        if _may_be_the_same(one[2], other[2]) and not _told_apart(one, other):
            yield Error(
                f"{_named(one)} and {_named(other)} are both run by {_types(one[2])}, and a message"
                " runs one transition.",
                hint="Give them types or endpoints of their own, or sources that have nothing in"
                " common in one contract; or let one body ask the other object: cmd.execute(...).",
                obj=one[0].model,
                id="workflows_app.E046",
            )


def _may_be_the_same(one: OnMessage, other: OnMessage) -> bool:
    same_endpoint = one.endpoint == other.endpoint or None in (one.endpoint, other.endpoint)
    return same_endpoint and bool(set(one.types) & set(other.types))


def _told_apart(one: Listening, other: Listening) -> bool:
    same_contract = one[0] is other[0]
    disjoint = not set(one[1].sources) & set(other[1].sources)
    return same_contract and disjoint and not one[1].creates and not other[1].creates


def _without_secrets(among: list[Contract]) -> Iterator[CheckMessage]:
    """An endpoint that a contract names and nobody may send to over HTTP."""
    for endpoint, contract in {name: one for one in among for name in _endpoints(one)}.items():
        if endpoint not in settings.INBOX:
            yield Warning(
                f"{contract.workflow.__name__}: messages come to {endpoint!r}, and nobody can send"
                " there over HTTP.",
                hint=f'WORKFLOWS["INBOX"] = {{"{endpoint}": {{"secrets": ["whsec_..."]}}}}; silence'
                " this where a view of yours verifies the sender and calls receive().",
                obj=contract.model,
                id="workflows_app.W050",
            )


def _endpoints(contract: Contract) -> Iterator[str]:
    """Where messages for this contract come to."""
    by = [effect.confirmed_by for effect in contract.effects.values()]
    named = [one.endpoint for one in by if one is not None]
    named += [listener.endpoint for _, _, listener in _listening([contract])]
    return (endpoint for endpoint in named if endpoint is not None)


def _from_anybody(among: list[Contract]) -> Iterator[CheckMessage]:
    """With several senders, each of them can send what is listened to everywhere."""
    if len(settings.INBOX) < 2:
        return
    for one in _listening(among):
        if one[2].endpoint is None:
            yield Warning(
                f"{_named(one)} is run by {_types(one[2])} from any of"
                f" {', '.join(sorted(settings.INBOX))}: each sender could say it for another.",
                hint="Say endpoint= in @on_message.",
                obj=one[0].model,
                id="workflows_app.W051",
            )


def _named(one: Listening) -> str:
    contract, transition, _ = one
    return f"{contract.model.__name__}.{transition.name}"


def _types(listener: OnMessage) -> str:
    return " or ".join(map(repr, listener.types))


ALL = (not_for_the_system,)
