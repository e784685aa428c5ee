"""The wheel, built once for every test that looks at what users get."""

import pytest

from tests.house.installation import built_wheel


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    return built_wheel(tmp_path_factory.mktemp("wheel"))
