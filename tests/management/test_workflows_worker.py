"""``workflows_worker`` begins only where states cannot change without a record."""

import pytest
from django.core.management import CommandError, call_command

from workflows_app.models.guard import install, lift

pytestmark = pytest.mark.django_db(transaction=True)


def test_without_a_guard_it_does_not_begin():
    lift("default", only="insert")
    try:
        with pytest.raises(CommandError, match=r"insert of testapp_parcel.*manage.py migrate"):
            call_command("workflows_worker")
    finally:
        install("default")
