"""People and parcels for the tests of the kit."""

import pytest

from tests.engine.conftest import clerk, people, sender
from tests.testapp.models import Parcel
from workflows_app.testing import at


@pytest.fixture
def packed(sender):
    return at(Parcel, "packed", sender=sender, title="books", address="Main Street 1")
