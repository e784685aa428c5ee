"""What a type checker must refuse: were one of these accepted, its ignore would be unused."""

from datetime import timedelta
from typing import TYPE_CHECKING

from loans.models import Loan
from loans.workflow import CourierBusy, Status, librarian, send_book

from workflows_app import Retry, Role, State, Workflow, guard, keyed, replay_safe, transition
from workflows_app.engine import execute, execute_many
from workflows_app.models import EffectRun
from workflows_app.ops import place, resolve

if TYPE_CHECKING:
    from workflows_app.engine import Command


def commands(loan: Loan, run: EffectRun) -> None:
    execute(loan.lend)  # type: ignore[call-arg]
    execute(loan.lend, librarian)  # type: ignore[call-arg]
    execute(loan.lend, by=librarian, data=["QA 76"])  # type: ignore[arg-type]
    execute(loan.lend, by=librarian, version="7")  # type: ignore[arg-type]
    execute(loan.lent, by=librarian)  # type: ignore[attr-defined]
    execute_many(loan.lend, by=librarian)  # type: ignore[arg-type]
    print(execute(loan.lend, by=librarian).identity)  # type: ignore[attr-defined]
    place(loan, Status.LENT, by=librarian)  # type: ignore[call-arg]
    resolve(run, by=librarian, reason="")  # type: ignore[call-arg]


def declarations() -> None:
    State("lost", "Lost", owner="a librarian")  # type: ignore[arg-type]
    State("lost", owner=None)  # type: ignore[call-arg]
    Role(permission="loans.lend_book")  # type: ignore[call-arg]
    Retry(times="10")  # type: ignore[arg-type]
    replay_safe(fails_with=[ValueError])  # type: ignore[list-item]
    replay_safe(window=timedelta(days=2))  # type: ignore[call-arg]
    keyed(window=2)  # type: ignore[arg-type]
    guard("lost")  # type: ignore[call-arg]
    librarian | "a reader"  # type: ignore[operator]
    print(Status.LENT.title_of_it)  # type: ignore[attr-defined]
    CourierBusy(retry_after="soon")  # type: ignore[arg-type]


class LostWorkflow(Workflow, states=Status, seen_by=librarian, visible=1):
    @transition(source=Status.LENT, target=Status.BACK)  # type: ignore[call-arg]
    def come_back(self, cmd: "Command") -> None:
        """It is found."""

    @transition(source=Status.LENT, target=Status.BACK, by="librarian")  # type: ignore[arg-type]
    def come_home(self, cmd: "Command") -> None:
        """It is found."""

    @transition(source=Status.LENT, target=None, by=librarian, guards=[send_book])  # type: ignore[list-item]
    def look(self, cmd: "Command") -> None:
        """An effect is no guard."""
