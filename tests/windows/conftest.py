"""People and what they work on, the carrier's book, and the invariants after every window."""

from dataclasses import dataclass, field

import pytest

from tests.engine.queue.conftest import payments, worker, worker_environment, world
from tests.orders.conftest import order
from tests.stories.conftest import (
    answers,
    bill,
    clerk,
    operator,
    packed,
    parcel,
    paying,
    people,
    run_of,
    sender,
    shipping,
    treasurer,
)
from workflows_app.testing import broken_invariants

from .book import Book

TAKEN = {"tracking": "T-1"}


@dataclass
class Aftermath:
    """What a window may leave behind. Most leave nothing: the invariants hold, all is at rest."""

    quiet: bool = True
    repairs: int = 0
    broken: set[str] = field(default_factory=set)


@pytest.fixture
def book(tmp_path):
    return Book(tmp_path / "book")


@pytest.fixture(autouse=True)
def aftermath(transactional_db, request, book):
    """Afterwards the invariants are checked, against the book too."""
    if "clock" in request.fixturenames:
        request.getfixturevalue("clock")  # it still stands when we look
    aftermath = Aftermath()
    yield aftermath
    found = broken_invariants(book.heard, quiet=aftermath.quiet, repairs=aftermath.repairs)
    assert {name for name, said in found.items() if said} == aftermath.broken, found


@pytest.fixture
def carrier(answers, book):
    """The carrier takes what it is given, and writes it down."""
    answers["hand_over"] = book.taking(TAKEN)
    answers["insure"] = book.taking({})
    return book
