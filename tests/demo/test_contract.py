"""The whole contract of the demo is driven: every path, every failure, every answer of a guard."""

import pytest

from demo_project.claims.models import Claim
from workflows_app import SYSTEM, GuardFailed
from workflows_app.engine import execute
from workflows_app.testing import (
    Coverage,
    Example,
    at,
    broken_promises,
    drain_until_quiet,
    frozen_clock,
    paths,
    refused,
    scripted,
    walk,
    walk_all,
)
from workflows_app.testing.cast import newcomer

pytestmark = pytest.mark.django_db

IBAN = "DE02120300000000202051"
EXAMPLES = {"submit": Example(columns={"documents": 1, "iban": IBAN})}


@pytest.mark.parametrize("path", paths(Claim), ids=str)
def test_every_path_of_a_claim_is_gone_through_the_api(path, settings):
    settings.ROOT_URLCONF = "demo_project.urls"
    claim = walk(path, examples=EXAMPLES)
    assert claim.status == path.target
    assert broken_promises(claim) == []


def test_nothing_of_the_contract_is_left_undriven():
    with Coverage() as coverage:
        assert walk_all(Claim, examples=EXAMPLES) == {}
        escalated_by_the_system()
        refused_by_every_guard()
        with frozen_clock() as clock:
            failed_in_every_way(clock)
    assert coverage.report(Claim).splitlines()[1:] == []


def escalated_by_the_system():
    execute(claim_at("review").escalate, by=SYSTEM)


def refused_by_every_guard():
    draft = claim_at("draft")
    with refused(GuardFailed, code="documents_missing"):
        execute(draft.submit, by=draft.claimant)
    for state, name, by, data in [
        ("review", "approve", newcomer(["claims.review_claim"]), {"payout": "1.00"}),
        ("halted", "pay_again", newcomer(["claims.settle_claim"]), None),
    ]:
        with refused(GuardFailed, code="account_missing"):
            execute(getattr(claim_at(state), name), by=by, data=data)


def failed_in_every_way(clock):
    """One approval for each failure that an effect declares."""
    reviewer = newcomer(["claims.review_claim"])
    for effect in Claim.workflow_transitions["approve"].all_effects():
        for failure in effect.fails_with:
            execute(claim_at("review", iban=IBAN).approve, by=reviewer, data={"payout": "1.00"})
            with scripted({}, **{effect.name: failure}):
                drain_until_quiet(clock)


def claim_at(state, **columns):
    return at(Claim, state, claimant=newcomer(), title="Storm damage", **columns)
