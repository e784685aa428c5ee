"""A carrier that answers, and who handles its parcels."""

import pytest

from tests.engine.conftest import answers, person


@pytest.fixture
def clerk(db):
    return person("clerk", "handle_parcel", "view_parcel")
