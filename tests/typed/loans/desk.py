"""What the rest of a project does with loans."""

from uuid import UUID

from django.contrib.auth.models import User

from workflows_app import SYSTEM, GuardFailed, Refused
from workflows_app.engine import execute, execute_many
from workflows_app.models import EffectRun, Operation
from workflows_app.ops import place, resolve

from .models import Loan
from .workflow import Status


def wish(user: User) -> Loan:
    operation = execute(Loan.wish, by=user, key="order-17")
    return Loan.objects.get(pk=operation.object_id)


def lend(loan: Loan, user: User) -> UUID | str:
    try:
        operation: Operation = execute(
            loan.lend, by=user, data={"shelf_mark": "QA 76"}, version=loan.version
        )
    except GuardFailed as refusal:
        return ", ".join(reason.detail for reason in refusal.reasons)
    except Refused as refusal:
        return refusal.code
    return operation.id


def drop_all(loans: list[Loan]) -> list[str]:
    answers = execute_many([loan.drop for loan in loans], by=SYSTEM, reason="Closing down")
    return [answer.code for answer in answers if isinstance(answer, Refused)]


def bring_in(user: User) -> Operation:
    return place(Loan(reader=user), Status.LENT, by=SYSTEM, reason="From the card index.")


def it_arrived(run: EffectRun, user: User) -> None:
    resolve(run, happened=True, result={"parcel": "P-1"}, by=user, reason="The courier says so.")


def is_out(loan: Loan) -> bool:
    return loan.status in (Status.SENDING, Status.LENT) and not Status.LENT.final
