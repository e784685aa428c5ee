"""The tour is true: the functions it names exist, and one real command calls them in its order."""

import re
import sys
import threading
from pathlib import Path

import pytest
from django.contrib.auth import get_user_model
from rest_framework.test import APIClient

from demo_project.claims.models import Claim
from demo_project.stage.people import load_people
from workflows_app.engine import execute
from workflows_app.engine.drain import drain

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
    settings.WORKFLOWS = {"THREADS": 1}
    settings.ROOT_URLCONF = "demo_project.urls"
    calls = calls_of(approve_and_pay)
    assert outside.books.entries("bank"), "nothing was paid"
    position = 0
    for function in functions():
        try:
            position = calls.index(function, position) + 1
        except ValueError:
            once = "never called" if function not in calls else "called earlier only"
            pytest.fail(f"{function[1]} of {function[0].name} is {once}")


def approve_and_pay(client, claim):
    """Everything the tour tells, from the request to the timeline."""
    url = f"/api/v1/claims/{claim.pk}/"
    answer = client.post(
        f"{url}approve/", {"payout": "1.00"}, format="json", headers={"Idempotency-Key": "a"}
    )
    assert answer.status_code == 202
    drain()
    assert client.get(f"{url}timeline/").status_code == 200


def calls_of(play):
    """Every function of ours that is called, in order, on all threads: file and name."""
    load_people()
    claimant, reviewer = (
        get_user_model().objects.get(username=name) for name in ("claimant", "reviewer")
    )
    claim = Claim.objects.create(claimant=claimant, title="Storm", iban="DE0212030", documents=1)
    execute(claim.submit, by=claimant)
    client = APIClient()
    client.force_authenticate(reviewer)
    with recorded() as calls:
        play(client, claim)
    return calls


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
