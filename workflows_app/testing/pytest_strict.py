"""For pytest: every test is strict, unless it is marked ``lenient``."""

from collections.abc import Iterator

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker."""
    told = "lenient: guards, bodies and handlers of this test may break the rules unseen."
    config.addinivalue_line("markers", told)


@pytest.fixture(autouse=True)
def strict_workflows(request: pytest.FixtureRequest) -> Iterator[None]:
    """Stand round guards, bodies and handlers in every test."""
    from .strict import strict  # here: it needs models, and pytest loads plugins before settings

    if request.node.get_closest_marker("lenient"):
        yield
    else:
        with strict():
            yield
