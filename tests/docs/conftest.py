"""The outside world of the demo, for the pages that speak of it, and a reader of pages."""

import pytest

from tests.demo import conftest as demo

from .reader import Reader

outside = demo.outside
world = demo.world


@pytest.fixture
def reader(tmp_path):
    # django-admin lays a project out in a directory without a package of our own beside it.
    reader = Reader(tmp_path)
    yield reader
    reader.leave()
