"""Everybody of the demo may do what his part says, and nothing else."""

import pytest
from django.contrib.auth import authenticate, get_user_model
from rest_framework.authtoken.models import Token

from demo_project.stage.people import PEOPLE, load_people

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def people():
    load_people()


def person(name):
    return get_user_model().objects.get(username=name)


@pytest.mark.parametrize("name", [person.name for person in PEOPLE])
def test_everybody_signs_in_with_the_password_demo_and_has_a_token(name):
    assert authenticate(username=name, password="demo") == person(name)
    assert Token.objects.get(user=person(name)).key == f"demo-{name}"


@pytest.mark.parametrize(
    ("permission", "holders"),
    [
        ("claims.add_claim", {"root", "claimant", "claimant2"}),
        ("claims.view_claim", {"root", "reviewer", "senior", "finance", "support", "viewer"}),
        ("claims.review_claim", {"root", "reviewer"}),
        ("claims.review_any_claim", {"root", "senior"}),
        ("claims.settle_claim", {"root", "finance"}),
        ("claims.change_claim", {"root"}),
        ("claims.delete_claim", {"root"}),
        ("workflows_app.resolve_run", {"root", "support"}),
        ("workflows_app.skip_run", {"root", "support"}),
        ("workflows_app.retry_run", {"root", "support"}),
        ("workflows_app.replay_run", {"root", "support"}),
        ("workflows_app.replay_run_anew", {"root", "support"}),
        ("workflows_app.force_cancel", {"root", "support"}),
    ],
)
def test_a_permission_is_held_by_those_whose_part_needs_it(permission, holders):
    holding = {p.name for p in PEOPLE if person(p.name).has_perm(permission)}
    assert holding == holders


def test_loading_them_again_mends_what_was_changed_and_keeps_the_rest():
    claimant = person("claimant")
    claimant.set_password("forgotten")
    claimant.save()
    Token.objects.filter(user=claimant).delete()
    load_people()
    assert authenticate(username="claimant", password="demo") == claimant
    assert get_user_model().objects.count() == len(PEOPLE)
    assert Token.objects.count() == len(PEOPLE)
