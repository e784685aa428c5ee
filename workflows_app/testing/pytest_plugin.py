"""Fixtures for pytest: ``pytest_plugins = ["workflows_app.testing.pytest_plugin"]``.

It is no entry point: that would import the models in every pytest run of every project in the
environment, also in one without settings.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from .clock import Clock, frozen_clock
from .script import Script, scripted

pytest_plugins = [
    "workflows_app.testing.pytest_coverage",
    "workflows_app.testing.pytest_strict",
]


@pytest.fixture
def clock() -> Iterator[Clock]:
    """Time stands still in this test; ``clock.move(hours=24)`` moves it."""
    with frozen_clock() as clock:
        yield clock


@pytest.fixture
def script() -> Iterator[Callable[..., Script]]:
    """``script(pay_out=[BankBusy, {...}])``: effects answer by script until the test ends."""
    with ExitStack() as until_the_end:

        def begin(*rest: Any, **effects: Any) -> Script:
            return until_the_end.enter_context(scripted(*rest, **effects))

        yield begin
