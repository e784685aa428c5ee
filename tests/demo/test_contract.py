"""The whole contract of the demo is driven: every path, every failure, every answer of a guard."""

import pytest

from demo_project.claims.models import Claim
from demo_project.claims.workflow import pay_out, recall_payment, tell_claimant
from workflows_app import SYSTEM, GuardFailed, accepted
from workflows_app.engine import execute, receive
from workflows_app.testing import (
    Coverage,
    Example,
    at,
    broken_promises,
    drain,
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
            recalled_in_every_way(clock)
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
    for effect in (pay_out, tell_claimant):
        for failure in effect.fails_with:
            approved_claim()
            with scripted({}, **{"pay_out": {"reference": "BANK-0"}, effect.name: failure}):
                drain_until_quiet(clock)


def recalled_in_every_way(clock):
    """One withdrawal, of a payment that the bank has, for each way in which its recall may end."""
    for answer in ({}, *recall_payment.fails_with):
        claim = approved_claim()
        reference = f"BANK-{claim.pk}"
        with scripted({}, pay_out=accepted(reference), recall_payment=answer):
            drain()
            execute(claim.cancel, by=claim.claimant)
            settled = {"data": {"reference": reference, "state": "settled"}}
            receive("bank", f"msg_{claim.pk}", "transfer.settled", settled)
            drain_until_quiet(clock)


def approved_claim():
    claim = claim_at("review", iban=IBAN)
    execute(claim.approve, by=newcomer(["claims.review_claim"]), data={"payout": "1.00"})
    return claim


def claim_at(state, **columns):
    return at(Claim, state, claimant=newcomer(), title="Storm damage", **columns)
