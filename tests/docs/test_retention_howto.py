"""The commands of the how-to about retention and erasure do what it says, on a real claim."""

import re
import shlex
from io import StringIO
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command

from demo_project.claims.models import Claim
from workflows_app.models import Operation, Tombstone

PAGE = Path(__file__).parents[2] / "docs/howto/retention-and-erasure.md"
COMMANDS = re.findall(r"^python manage\.py (.*)$", PAGE.read_text(), re.MULTILINE)

pytestmark = pytest.mark.django_db(transaction=True)


def run(command, claim, user):
    words = shlex.split(command.replace("claims.Claim 7", f"claims.Claim {claim.pk}"))
    out = StringIO()
    call_command(*[w.replace("user:1", f"user:{user.pk}") for w in words], stdout=out)
    return out.getvalue()


def test_every_command_runs_in_the_order_written():
    user = get_user_model().objects.create_superuser("root", password="demo")
    claim = Claim(claimant=user, title="My house", iban="DE02")
    claim._history_user = user
    claim.save()
    told = [run(command, claim, user) for command in COMMANDS]
    assert len(told) == 7
    assert "operations, 0 events, 0 runs and 0 snapshots would be removed" in told[0]
    assert "would be blanked" in told[3]
    assert "1 operations, 0 events, 0 runs and 1 snapshots were blanked" in told[4]
    assert "1 operations, 0 events, 0 runs and 0 snapshots were blanked" in told[6]
    assert claim.history.get().title == "erased"
    assert Operation.objects.get().actor_label == "erased"
    assert [one.kind for one in Tombstone.objects.order_by("id")] == ["erase", "erase"]
