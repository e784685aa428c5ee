"""The claims contract with a real outside world: who may do what, what becomes of the money."""

import pytest
from django.contrib.auth import get_user_model

from demo_project.claims.models import Claim
from demo_project.claims.workflow import Status
from demo_project.stage.people import load_people
from workflows_app import Forbidden, GuardFailed, NotAllowed
from workflows_app.describe.receipt import receipt
from workflows_app.describe.status import status
from workflows_app.engine import edit, execute, receive
from workflows_app.models import EffectRun, Operation, RunState
from workflows_app.ops import override
from workflows_app.testing import at, drain, drain_until_quiet, refused, scenario

from .conftest import until

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


def receipt_of(claim, transition, name):
    """What the command's answer says."""
    return receipt(execute(getattr(claim, transition), by=person(name)))


@pytest.fixture
def settle_at_once(outside):
    outside.turn({"bank": {"settles_after": 0}})


@pytest.fixture
def hear(outside, settle_at_once):
    """Take in what the bank says of the transfers it has, as our inbox does."""

    def hear():
        until(lambda: "accepted" not in states(outside))
        for message in reversed(outside.messenger.messages()):
            body = message["body"]
            receive("bank", message["message"], body["type"], body)

    return hear


@pytest.fixture
def work_until(clock, hear):
    """Perform what is due, hear what the bank says, and let time pass, until nothing is left."""

    def work(claim, state):
        drain()
        hear()
        drain_until_quiet(clock)
        scenario(claim).then(state=state)
        assert not EffectRun.objects.open().exists()
        return claim

    return work


def amounts(outside):
    return [entry.body["amount"] for entry in outside.books.entries("bank")]


def states(outside):
    return [entry.state for entry in outside.books.entries("bank")]


def payment_of(claim):
    return EffectRun.objects.get(effect="pay_out", object_id=str(claim.pk))


def subjects(outside):
    return [entry.body["subject"] for entry in outside.books.entries("mail")]


def test_an_approved_claim_is_paid_and_the_claimant_is_told_at_both_turns(
    approved, outside, work_until
):
    work_until(approved, Status.PAID)
    assert amounts(outside) == ["840.00"]
    assert subjects(outside)[-1].endswith(": Paid")
    assert len(subjects(outside)) == 2


def test_a_payment_the_bank_has_accepted_waits_until_the_bank_confirms_it(approved, outside, hear):
    drain()
    approved.refresh_from_db()
    assert (approved.status, payment_of(approved).state) == (Status.PAYING, RunState.WAITING)
    hear()
    drain()
    approved.refresh_from_db()
    assert (approved.status, payment_of(approved).state) == (Status.PAID, RunState.DONE)


def test_a_bank_that_takes_the_money_and_hangs_up_is_asked_what_became_of_it(
    approved, outside, clock, work_until
):
    outside.turn({"bank": {"fault": "accept_then_drop", "count": 1}})
    drain()
    assert payment_of(approved).state == RunState.IN_DOUBT
    assert "What became of it is asked at" in status(approved)["headline"]
    work_until(approved, Status.PAID)
    (transfer,) = outside.books.entries("bank")
    assert (transfer.calls, transfer.state) == (1, "settled")


def test_a_payment_the_bank_never_got_is_not_sent_again_unasked(approved, outside, clock):
    outside.turn({"bank": {"fault": "500", "count": 1}})
    drain()
    drain_until_quiet(clock)
    assert payment_of(approved).state == RunState.IN_DOUBT
    assert status(approved)["phase"] == "in_doubt"
    assert "Finance has to find out what happened." in status(approved)["headline"]
    assert amounts(outside) == []


def test_a_transfer_the_bank_refuses_after_all_halts_the_payment(approved, outside, work_until):
    outside.turn({"bank": {"settles": "refused"}})
    work_until(approved, Status.HALTED)
    outside.turn({"bank": {"settles": "settled"}})
    do(approved, "pay_again", "finance")
    work_until(approved, Status.PAID)
    assert states(outside) == ["refused", "settled"]


def test_a_claim_withdrawn_before_the_bank_took_anything_is_never_paid(
    approved, outside, work_until
):
    outside.turn({"bank": "busy"})
    drain()
    receipt = receipt_of(approved, "cancel", "claimant")
    assert [run["effect"] for run in receipt["cancelled"]] == ["pay_out"]
    assert receipt["already_sent"] == receipt["will_undo"] == []
    outside.turn({"bank": None})
    work_until(approved, Status.CANCELLED)
    assert amounts(outside) == []


def test_a_claim_withdrawn_while_the_bank_has_the_money_gets_it_called_back(
    approved, outside, work_until
):
    drain()
    receipt = receipt_of(approved, "cancel", "claimant")
    assert receipt["cancelled"] == []
    assert [run["effect"] for run in receipt["already_sent"]] == ["pay_out"]
    assert [run["effect"] for run in receipt["will_undo"]] == ["pay_out"]
    work_until(approved, Status.CANCELLED)
    assert states(outside) == ["recalled"]


def test_a_withdrawn_payment_the_bank_refuses_needs_no_recall(approved, outside, work_until):
    outside.turn({"bank": {"settles": "refused"}})
    drain()
    do(approved, "cancel", "claimant")
    work_until(approved, Status.CANCELLED)
    assert states(outside) == ["refused"]
    assert not EffectRun.objects.filter(effect="recall_payment").exists()


def test_a_recall_the_bank_will_not_make_is_for_finance(approved, outside, clock, hear):
    drain()
    do(approved, "cancel", "claimant")
    hear()
    outside.turn({"bank": "refuse"})
    drain_until_quiet(clock)
    document = status(approved)
    assert (document["phase"], document["state"]) == ("blocked", "cancelled")
    assert [work["failure"]["code"] for work in document["work"]] == ["recall_refused"]


def test_a_senior_reviewer_overrides_and_the_payment_that_had_left_is_called_back(
    approved, outside, work_until
):
    drain()
    with pytest.raises(Forbidden):
        override(approved, Status.HALTED, by=person("finance"), reason="The wrong claimant.")
    told = receipt(override(approved, Status.HALTED, by=person("senior"), reason="Wrong claimant."))
    assert [run["effect"] for run in told["already_sent"]] == ["pay_out"]
    work_until(approved, Status.HALTED)
    assert states(outside) == ["recalled"]


def test_a_claim_nobody_reviews_for_a_day_goes_to_a_senior_reviewer(in_review, clock, outside):
    clock.move(hours=23, minutes=59)
    drain()
    scenario(in_review).then(state=Status.REVIEW)
    clock.move(minutes=2)
    drain()
    scenario(in_review).then(state=Status.ESCALATED)
    assert Operation.objects.get(transition="escalate").actor == "system"


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
