"""The wheel, built once for every test that looks at what users get."""

import pytest

from tests.house.installation import built_wheel, environment_with


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    return built_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def user_s_python(wheel, tmp_path_factory):
    """The Python of a user's environment: only our wheel, and its dependencies."""
    return environment_with(wheel, tmp_path_factory.mktemp("user") / "environment")
