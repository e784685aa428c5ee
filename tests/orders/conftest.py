"""People and an order."""

import pytest

from tests.engine.conftest import person, run_of
from tests.orders.models import Order
from workflows_app.testing import Heard, broken_invariants, scripted

VERBS = ("resolve_run", "skip_run", "retry_run", "replay_run", "replay_run_anew", "force_cancel")


@pytest.fixture
def clerk(db):
    return person("clerk", "handle_order", "view_order")


@pytest.fixture
def chief(db):
    return person("chief", "override_order", "view_order")


@pytest.fixture
def operator(db):
    return person("operator", "view_order", *VERBS)


@pytest.fixture
def order(db):
    return Order.objects.create(address="Main Street 1")


@pytest.fixture(autouse=True)
def answers():
    """Everybody outside is friendly, until a test says otherwise."""
    with scripted({}) as script:
        yield script


@pytest.fixture(autouse=True)
def nothing_is_broken(transactional_db, answers):
    """Afterwards the invariants hold, of the rows and of what the outside has heard."""
    yield
    done = [call for call in answers.calls if not call.is_probe]
    heard = [Heard(call.key, attempt=call.attempt) for call in done]
    found = broken_invariants(heard)
    assert {name: said for name, said in found.items() if said} == {}
