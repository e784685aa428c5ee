"""The claims contract with a real outside world: who may do what, what becomes of the money."""

import pytest
from django.contrib.auth import get_user_model

from demo_project.claims.models import Claim
from demo_project.claims.workflow import Status
from demo_project.stage.people import load_people
from workflows_app import Forbidden, GuardFailed, NotAllowed
from workflows_app.engine import edit, execute
from workflows_app.models import EffectRun, RunState
from workflows_app.testing import at, drain_until_quiet, refused, scenario

pytestmark = pytest.mark.django_db(transaction=True)

IBAN = "DE02120300000000202051"


@pytest.fixture(autouse=True)
def people(transactional_db):
    load_people()


def a_claim(state, **columns):
    given = {"claimant": person("claimant"), "title": "Storm damage", "iban": IBAN, "documents": 2}
    return at(Claim, state, **given | columns)


@pytest.fixture
def claim():
    return a_claim(Status.DRAFT)


@pytest.fixture
def in_review():
    return a_claim(Status.REVIEW)


@pytest.fixture
def approved(in_review, outside):
    return do(in_review, "approve", "reviewer", payout="840.00")


def person(name):
    return get_user_model().objects.get(username=name)


def do(claim, transition, name, **data):
    execute(getattr(claim, transition), by=person(name), data=data or None)
    return claim


@pytest.fixture
def work_until(clock):
    """Perform what is due, and let time pass, until nothing happens any more by itself."""

    def work(claim, state):
        drain_until_quiet(clock)
        scenario(claim).then(state=state)
        assert not EffectRun.objects.open().exists()
        return claim

    return work


def amounts(outside):
    return [entry.body["amount"] for entry in outside.books.entries("bank")]


def subjects(outside):
    return [entry.body["subject"] for entry in outside.books.entries("mail")]


def test_an_approved_claim_is_paid_and_the_claimant_is_told_at_both_turns(
    approved, outside, work_until
):
    work_until(approved, Status.PAID)
    assert amounts(outside) == ["840.00"]
    assert subjects(outside)[-1].endswith(": Paid")
    assert len(subjects(outside)) == 2


def test_a_bank_that_takes_the_money_and_hangs_up_is_asked_again_and_pays_once(
    approved, outside, work_until
):
    outside.turn({"bank": {"fault": "accept_then_drop", "count": 1}})
    work_until(approved, Status.PAID)
    (transfer,) = outside.books.entries("bank")
    assert transfer.calls == 2


def test_a_refused_account_halts_the_payment_until_finance_sends_it_again(
    approved, outside, work_until
):
    outside.turn({"bank": {"fault": "refuse", "count": 1}})
    work_until(approved, Status.HALTED)
    assert amounts(outside) == []
    do(approved, "pay_again", "finance")
    work_until(approved, Status.PAID)
    first, second = EffectRun.objects.filter(effect="pay_out").order_by("version")
    assert (first.state, second.state) == (RunState.FAILED, RunState.DONE)
    assert [entry.key for entry in outside.books.entries("bank")] == [second.key]


def test_a_mailbox_that_does_not_exist_does_not_stop_the_money(approved, outside, work_until):
    outside.turn({"mail": "refuse"})
    work_until(approved, Status.PAID)
    failed = EffectRun.objects.filter(effect="tell_claimant", state=RunState.FAILED)
    assert {run.failure["code"] for run in failed} == {"mailbox_refused"}


def test_the_payment_goes_to_the_account_of_the_day_it_was_approved(approved, outside, work_until):
    Claim.objects.filter(pk=approved.pk).update(iban="GB33BUKB20201555555555")
    work_until(approved, Status.PAID)
    assert outside.books.entries("bank")[0].body["to"] == IBAN


def test_a_rejected_claimant_reads_the_reason(in_review, outside, work_until):
    do(in_review, "reject", "reviewer", reason="The roof was not insured.")
    work_until(in_review, Status.REJECTED)
    assert in_review.rejection == "The roof was not insured."
    assert "The roof was not insured." in outside.books.entries("mail")[0].body["body"]


def test_a_claim_with_documents_is_submitted():
    claim = a_claim(Status.DRAFT)
    scenario(claim).when(claim.submit, by=person("claimant")).then(
        state=Status.REVIEW, version=1, effects=[]
    )


def test_a_claim_without_documents_cannot_be_submitted():
    with refused(GuardFailed, code="documents_missing"):
        do(a_claim(Status.DRAFT, documents=0), "submit", "claimant")


def test_a_claim_without_an_account_cannot_be_approved():
    with refused(GuardFailed, code="account_missing"):
        do(a_claim(Status.REVIEW, iban=""), "approve", "reviewer", payout="1.00")


def test_nobody_approves_his_own_claim():
    with refused(Forbidden):
        do(
            a_claim(Status.REVIEW, claimant=person("reviewer")),
            "approve",
            "reviewer",
            payout="1.00",
        )


@pytest.mark.parametrize(
    ("transition", "allowed"),
    [
        ("escalate", {"reviewer", "root"}),
        ("approve", {"reviewer", "senior", "root"}),
        ("reject", {"reviewer", "senior", "root"}),
        ("cancel", {"claimant", "senior", "root"}),
        ("pay_again", {"finance", "root"}),
        ("settle", set()),
        ("halt", set()),
    ],
)
def test_everybody_may_do_what_the_contract_says(in_review, transition, allowed):
    by = in_review.workflow_transitions[transition].by
    everybody = get_user_model().objects.all()
    assert {user.username for user in everybody if by.admits(user, in_review)} == allowed


def test_a_closed_claim_is_reopened_by_a_senior_reviewer(in_review, outside, work_until):
    do(in_review, "cancel", "claimant")
    work_until(in_review, Status.CANCELLED)
    assert do(in_review, "reopen", "senior").status == Status.REVIEW


def test_an_escalated_claim_is_approved_by_a_senior_reviewer(in_review, outside, work_until):
    do(in_review, "escalate", "reviewer")
    do(in_review, "approve", "senior", payout="10.00")
    work_until(in_review, Status.PAID)


def test_an_account_number_that_is_missing_is_entered_by_its_claimant(claim):
    edit(claim, by=person("claimant"), data={"iban": ""})
    do(claim, "submit", "claimant")
    with pytest.raises(GuardFailed, match="Enter the account number"):
        do(claim, "approve", "reviewer", payout="1.00")
    with pytest.raises(Forbidden, match="^Only the claimant or finance may edit this"):
        edit(claim, by=person("reviewer"), data={"iban": IBAN})
    with pytest.raises(NotAllowed, match="only in Draft"):
        edit(claim, by=person("claimant"), data={"title": "Hail"})
    edit(claim, by=person("claimant"), data={"iban": IBAN})
    assert do(claim, "approve", "reviewer", payout="1.00").status == Status.PAYING
