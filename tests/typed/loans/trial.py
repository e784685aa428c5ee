"""A test of loans, with the kit."""

from django.contrib.auth.models import User

from workflows_app import Forbidden
from workflows_app.testing import at, drain, refused, scenario

from .models import Loan
from .workflow import Status


def a_loan_is_lent(librarian: User, reader: User) -> None:
    loan: Loan = at(Loan, Status.WANTED, reader=reader, address="Here 1")
    with refused(Forbidden):
        scenario(loan).when(loan.lend, by=reader)
    lent = scenario(loan).when(loan.lend, by=librarian, data={"shelf_mark": "QA 76"})
    lent.then(state=Status.SENDING, effects=["send_book", "tell_reader"])
    drain()
