"""The tour is true: the functions it names exist, and one real command calls them in its order."""

import json
import re
import sys
import threading
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone
from rest_framework.test import APIClient
from standardwebhooks import Webhook

from demo_project.claims.models import Claim
from demo_project.stage.people import load_people
from tests.demo.conftest import SECRET, until
from workflows_app import SYSTEM
from workflows_app.engine import execute
from workflows_app.engine.drain import drain
from workflows_app.ops import prune

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TOUR = DOCS / "tour.md"
LINK = re.compile(r"\[([^\]]+)\]\(([^)#]+)\)")


def links():
    """What is linked, and the file it is in."""
    found = LINK.findall(TOUR.read_text())
    return [(text, (DOCS / target).resolve()) for text, target in found]


def functions():
    """The functions the tour names, in its order: file and name."""
    return [(path, text.strip("`")) for text, path in links() if text.startswith("`")]


def test_every_file_of_the_tour_exists():
    assert [str(path) for _, path in links() if not path.exists()] == []


def test_the_tour_names_many_functions_and_each_is_where_it_says():
    named = functions()
    assert len(named) > 30
    missing = [(path.name, name) for path, name in named if not defines(path, name)]
    assert missing == []


def defines(path, name):
    text = path.read_text()
    *classes, function = name.split(".")
    return f"def {function}(" in text and all(f"class {owner}" in text for owner in classes)


@pytest.mark.django_db(transaction=True)
def test_a_real_command_calls_them_in_the_order_of_the_tour(outside, settings):
    settings.WORKFLOWS = {"THREADS": 1, "INBOX": {"bank": {"secrets": [SECRET]}}}
    settings.ROOT_URLCONF = "demo_project.urls"
    outside.turn({"bank": {"settles_after": 0}})
    calls = calls_of(partial(live, outside))
    assert outside.books.entries("bank"), "nothing was paid"
    position = 0
    for function in functions():
        try:
            position = calls.index(function, position) + 1
        except ValueError:
            once = "never called" if function not in calls else "called earlier only"
            pytest.fail(f"{function[1]} of {function[0].name} is {once}")


def live(outside, claim, other, client, claimant_client):
    """Everything the tour tells."""
    approve_and_pay(client, claim, outside)
    correct(claimant_client, other)
    forget(client, claim)


def correct(client, claim):
    """An edit over HTTP."""
    answer = client.patch(
        f"/api/v1/claims/{claim.pk}/",
        {"iban": "DE02120300000000202051"},
        format="json",
        headers={"Idempotency-Key": "b", "If-Match": '"1.0"'},
    )
    assert answer.status_code == 200, answer.content


def forget(client, claim):
    """The past of a paid claim is removed, and its timeline says so."""
    later = timezone.now() + timedelta(days=1)
    assert [one.objects for one in prune(Claim, before=later, by=SYSTEM, reason="Old.")] == [1]
    assert client.get(f"/api/v1/claims/{claim.pk}/timeline/").status_code == 200


def approve_and_pay(client, claim, outside):
    """From the request to the timeline."""
    url = f"/api/v1/claims/{claim.pk}/"
    answer = client.post(
        f"{url}approve/", {"payout": "1.00"}, format="json", headers={"Idempotency-Key": "a"}
    )
    assert answer.status_code == 202
    drain()
    confirm(client, outside)
    claim.refresh_from_db()
    assert claim.status == "paid"
    assert client.get(f"{url}timeline/").status_code == 200


def confirm(client, outside):
    """What the bank says, delivered as it signs it."""
    message = until(outside.messenger.messages)[0]
    body, now = json.dumps(message["body"]), datetime.now(UTC)
    answer = client.post(
        "/api/v1/inbox/bank/",
        body,
        content_type="application/json",
        headers={
            "webhook-id": message["message"],
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(SECRET).sign(message["message"], now, body),
        },
    )
    assert answer.status_code == 200, answer.content


def calls_of(play):
    """Every function of ours that is called, in order, on all threads: file and name."""
    load_people()
    claimant, reviewer = (
        get_user_model().objects.get(username=name) for name in ("claimant", "reviewer")
    )
    claims = [submitted(claimant) for _ in range(2)]
    with recorded() as calls:
        play(*claims, as_user(reviewer), as_user(claimant))
    return calls


def submitted(claimant):
    claim = Claim.objects.create(claimant=claimant, title="Storm", iban="DE0212030", documents=1)
    execute(claim.submit, by=claimant)
    return claim


def as_user(user):
    client = APIClient()
    client.force_authenticate(user)
    return client


class recorded:  # noqa: N801  reads as a word in a with statement
    """Notes every call into our own packages; appending to a list is safe for threads."""

    def __enter__(self):
        self.calls = []
        threading.setprofile(self.note)
        sys.setprofile(self.note)
        return self.calls

    def __exit__(self, *_error):
        sys.setprofile(None)
        threading.setprofile(None)

    def note(self, frame, event, _argument):
        file = frame.f_code.co_filename
        if event == "call" and file.startswith((f"{ROOT}/workflows_app", f"{ROOT}/demo_project")):
            self.calls.append((Path(file), frame.f_code.co_qualname))
