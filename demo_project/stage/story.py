"""The story: a claim is approved, the bank is down, the worker is killed, and it is paid once.

Everything is asked over real HTTP, of our site and of the bank itself. Every promise is checked.
"""

import os
import re
import signal
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from demo_project.claims.models import Claim

from .client import Answer
from .processes import Stage
from .scene import IBAN, Scene, new_key
from .telling import Telling


def play(stage: Stage, telling: Telling) -> None:
    """Play it from the first request to the timeline. Raises BrokenPromise when it cannot go on."""
    story = Story(stage, telling)
    story.a_claim_is_handed_in()
    story.the_same_request_comes_again()
    story.the_claimant_may_not_approve()
    story.the_reviewer_approves_while_the_bank_is_down()
    story.the_worker_is_killed_in_the_middle()
    story.the_bank_has_paid_once()
    story.the_mail_fails_for_good()
    story.a_client_is_too_late()
    story.somebody_updates_the_table()
    story.the_timeline_explains_it()


class Story(Scene):
    """The chapters, in their order."""

    def a_claim_is_handed_in(self) -> None:
        self.telling.chapter("A claim is handed in")
        self.claim = self.new_claim(self.claimant, "Storm damage to the roof")
        self.handing_in = new_key()
        answer = self.command(self.claimant, "submit", key=self.handing_in)
        self.first = answer
        self.promise(
            "The command answers with its receipt and the new state.",
            answer.status == 200 and _state(answer) == "review",
            answer.body,
        )

    def the_same_request_comes_again(self) -> None:
        self.telling.chapter("The network hiccups, and the same request comes again")
        again = self.command(self.claimant, "submit", key=self.handing_in)
        self.promise(
            "The same key is the same operation; nothing is done twice.",
            again.status == self.first.status
            and again.body["operation"]["id"] == self.first.body["operation"]["id"]
            and again.headers["Idempotent-Replayed"] == "true"
            and again.body["object"]["workflow"]["version"] == 1,
            again.body,
        )

    def the_claimant_may_not_approve(self) -> None:
        self.telling.chapter("The claimant tries to approve the claim")
        answer = self.command(self.claimant, "approve", {"payout": "840.00"})
        self.promise(
            "It is refused, and the answer says who may.",
            answer.status == 403 and "a reviewer" in answer.body["detail"],
            answer.body,
        )

    def the_reviewer_approves_while_the_bank_is_down(self) -> None:
        self.telling.chapter("The bank goes down, and the reviewer approves")
        self.switch(bank="down")
        answer = self.command(self.reviewer, "approve", {"payout": "840.00"})
        self.promise(
            "The approval is accepted at once; the payment is on record and will be made later.",
            answer.status == 202 and answer.headers["Location"] and answer.headers["Retry-After"],
            answer.body,
        )
        status = self.until("the status says that it is trying again", self.is_retrying)
        (payment,) = [work for work in status["work"] if work["effect"] == "pay_out"]
        self.payment = f"{payment['run']}:1"
        self.telling.say(f'Everybody reads: "{status["headline"]}"')
        at = timezone.localtime(datetime.fromisoformat(payment["next_attempt_at"]))
        self.promise(
            f"The status is honest: {status['phase']}, attempt {payment['attempts'] + 1} of"
            f" {payment['max_attempts']} at {at:%H:%M:%S}.",
            payment["failure"]["code"] == "bank_busy" and status["state"] == "paying",
            status,
        )

    def the_worker_is_killed_in_the_middle(self) -> None:
        self.telling.chapter("The bank is back, but slow, and the worker is killed in the middle")
        self.switch(bank={"fault": "slow", "seconds": 8})
        call = self.until("a worker is inside the bank's door", self.call_in_progress)
        process = int(re.search(r"process (\d+)", call["caller"])[1])  # type: ignore[index]
        os.kill(process, signal.SIGKILL)
        self.telling.say(f"Process {process} was waiting for the bank's answer. kill -9 {process}")
        self.until("the process is gone", lambda: not _is_alive(process))
        transfers = self.transfers()
        self.promise(
            "It was the dangerous moment: the bank has the transfer, and we do not know it.",
            len(transfers) == 1 and self.status()["state"] == "paying",
            transfers,
        )

    def the_bank_has_paid_once(self) -> None:
        self.telling.chapter("The bank works again; the killed worker's lease ends")
        self.until("the claimant was told of the approval", lambda: self.mails("Payment on its"))
        self.switch(bank=None, mail="refuse")
        self.until("the claim is paid", lambda: self.status()["state"] == "paid")
        transfers = self.transfers()
        self.telling.say(f"The bank's own records: {_spoken(transfers)}")
        self.promise(
            "Another worker asked again with the same key: two requests, one transfer, paid once.",
            [(t["calls"], t["amount"]) for t in transfers] == [(2, "840.00")],
            transfers,
        )

    def the_mail_fails_for_good(self) -> None:
        self.telling.chapter("The mail server does not know the claimant's mailbox")
        status = self.until("the mail has failed", self.has_settled)
        self.telling.say(f'Everybody reads: "{status["headline"]}"')
        self.promise(
            "Paid is paid: the status is completed, with a failed notification.",
            status["state"] == "paid"
            and status["phase"] == "settled_with_failures"
            and "failed notification" in status["headline"],
            status,
        )

    def a_client_is_too_late(self) -> None:
        self.telling.chapter("Two windows show the same claim")
        self.switch(mail=None)
        self.telling.say("The reviewer has another claim open in two windows.")
        other = self.new_claim(self.claimant2, "Bicycle stolen")
        self.command(self.claimant2, "submit", claim=other)
        seen = self.reviewer.get(other).headers["ETag"]
        self.command(self.reviewer, "escalate", claim=other)
        late = self.command(
            self.reviewer, "approve", {"payout": "300.00"}, claim=other, if_match=seen
        )
        current = late.body.get("current", {})
        self.promise(
            "Who acts on what he saw earlier gets 412, with the claim as it is now and what he"
            " may do.",
            late.status == 412
            and current["state"] == "escalated"
            and "approve" in [action["name"] for action in current["actions"]],
            late.body,
        )

    def somebody_updates_the_table(self) -> None:
        self.telling.chapter("Somebody tries it with SQL")
        number = self.claim.rstrip("/").rpartition("/")[2]
        update = f"UPDATE {Claim._meta.db_table} SET status = 'draft' WHERE id = %s"  # noqa: S608
        self.telling.say(update.replace("%s", number))
        refusal = _refusal_of(update, number)
        self.telling.say(f"The database: {refusal}")
        self.promise(
            "The database itself refuses a change of state without its record.",
            bool(refusal) and self.status()["state"] == "paid",
            self.status(),
        )

    def the_timeline_explains_it(self) -> None:
        self.telling.chapter("What happened to the claim, as everybody may read it")
        entries = self.reviewer.get(f"{self.claim}timeline/").body["results"]
        self.telling.timeline(entries)
        told = " ".join(entry["text"] for entry in entries)
        wanted = ("Created by", "Submit", "Approve", "The bank is busy", "went away", "Settle")
        wanted += ("The mailbox does not exist",)
        self.promise(
            "The timeline tells all of it, in order and in plain words.",
            all(words in told for words in wanted)
            and [entry["at"] for entry in entries] == sorted(entry["at"] for entry in entries)
            and IBAN not in str(entries),
            [words for words in wanted if words not in told],
        )


def _state(answer: Answer) -> Any:
    return answer.body["object"]["workflow"]["state"]


def _is_alive(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False


def _refusal_of(update: str, number: str) -> str:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(update, [number])
    except IntegrityError as error:
        return str(error).splitlines()[0]
    return ""


def _spoken(transfers: list[Any]) -> str:
    return "; ".join(
        f"{t['reference']}: {t['amount']} to {t['to']}, asked for {t['calls']} times"
        for t in transfers
    )
