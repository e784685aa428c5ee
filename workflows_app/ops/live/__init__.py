"""Live: what stands in the database that the contracts of this code do not know."""

from collections.abc import Iterator

from django.db import router

from workflows_app.contract.registry import contract_of, contracts
from workflows_app.models import EffectRun

from .clocks import unknown_clocks
from .finding import Finding
from .messages import unused_messages
from .objects import unadopted, unknown_states
from .runs import unknown_runs, unknown_transitions
from .tables import is_there, missing_tables, unguarded

__all__ = ["Finding", "live_findings"]


def live_findings(*, before_migrate: bool = False) -> Iterator[Finding]:
    """Ask the database of the workflows; a few queries for each contract, none per object.

    ``before_migrate``: the migrations of this code are still to come, so what they will install is
    not missed.
    """
    using = router.db_for_write(EffectRun)
    if not before_migrate:
        yield from missing_tables(using)
        yield from unguarded(using)
    standing = [contract for contract in contracts() if is_there(using, contract.model)]
    for contract in standing:
        yield from unknown_states(using, contract)
        if contract is contract_of(contract.model):  # an object is adopted once
            yield from unadopted(using, contract)
    yield from unknown_runs(using)
    yield from unknown_transitions(using)
    yield from unknown_clocks(using)
    yield from unused_messages(using)
