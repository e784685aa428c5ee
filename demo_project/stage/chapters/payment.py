"""The payment: a bank that is down, a worker that is killed, and money that is paid once."""

import os
import re
import signal
from contextlib import suppress
from datetime import datetime

from django.utils import timezone

from demo_project.stage.outside import spoken
from demo_project.stage.scene import Scene, payment_in


def the_reviewer_approves_while_the_bank_is_down(scene: Scene) -> None:
    """Nobody outside is needed to accept a command."""
    scene.telling.chapter("The bank goes down, and the reviewer approves")
    scene.world.switch(bank={"fault": "down", "keys": "ignored"})
    scene.telling.say("This bank knows nothing of idempotency keys: asked twice, it pays twice.")
    answer = scene.command(scene.reviewer, "approve", {"payout": "840.00"})
    scene.payment = payment_in(answer)
    scene.promise(
        "The approval is accepted at once; the payment is on record and will be made later.",
        answer.status == 202 and answer.headers["Location"] and answer.headers["Retry-After"],
        answer.body,
    )
    status = scene.until("it is tried again", lambda: scene.status_if("retrying"))
    (payment,) = [work for work in status["work"] if work["effect"] == "pay_out"]
    scene.telling.say(f'Everybody reads: "{status["headline"]}"')
    at = timezone.localtime(datetime.fromisoformat(payment["next_attempt_at"]))
    scene.promise(
        f"The status is honest: {status['phase']}, attempt {payment['attempts'] + 1} of"
        f" {payment['max_attempts']} at {at:%H:%M:%S}.",
        payment["failure"]["code"] == "bank_busy" and status["state"] == "paying",
        status,
    )


def the_worker_is_killed_in_the_middle(scene: Scene) -> None:
    """The dangerous moment."""
    scene.telling.chapter("The bank is back, but slow, and the worker is killed in the middle")
    scene.world.switch(bank={"fault": "slow", "seconds": 8})
    call = scene.until(
        "a worker is inside the bank's door", lambda: scene.world.call_in_progress(scene.payment)
    )
    process = int(re.search(r"process (\d+)", call["caller"])[1])
    os.kill(process, signal.SIGKILL)
    scene.telling.say(f"Process {process} was waiting for the bank's answer. kill -9 {process}")
    scene.until("the process is gone", lambda: not _is_alive(process))
    transfers = scene.world.transfers(scene.payment)
    scene.promise(
        "It was the dangerous moment: the bank has the transfer, and we do not know it.",
        len(transfers) == 1 and scene.status()["state"] == "paying",
        transfers,
    )


def nobody_knows_and_everybody_reads_it(scene: Scene) -> None:
    """What may have been sent is not sent again."""
    scene.telling.chapter("The killed worker's lease ends")
    scene.until(
        "the claimant was told of the approval", lambda: scene.world.mails("Payment on its")
    )
    scene.world.switch(bank=None, mail="refuse")
    status = scene.until("the payment is in doubt", lambda: scene.status_if("in_doubt"))
    scene.telling.say(f'Everybody reads: "{status["headline"]}"')
    (payment,) = [work for work in status["work"] if work["effect"] == "pay_out"]
    scene.promise(
        "It may have been sent, so nobody sends it again: it is in doubt, and it has an owner.",
        payment["state"] == "in_doubt"
        and payment["owner"] == "finance"
        and [t["calls"] for t in scene.world.transfers(scene.payment)] == [1],
        status,
    )


def the_bank_has_paid_once(scene: Scene) -> None:
    """What the probe finds is true."""
    scene.telling.chapter("The bank is asked what became of it")
    scene.until("the claim is paid", lambda: scene.status()["state"] == "paid")
    transfers = scene.world.transfers(scene.payment)
    scene.telling.say(f"The bank's own records: {spoken(transfers)}")
    scene.promise(
        "The probe found the transfer, and the bank's signed message confirmed it: asked for"
        " once, paid once.",
        [(t["calls"], t["amount"], t["state"]) for t in transfers] == [(1, "840.00", "settled")],
        transfers,
    )


def the_mail_fails_for_good(scene: Scene) -> None:
    """A notification is not the money."""
    scene.telling.chapter("The mail server does not know the claimant's mailbox")
    status = scene.until("the mail failed", lambda: scene.status_if("settled_with_failures"))
    scene.telling.say(f'Everybody reads: "{status["headline"]}"')
    scene.promise(
        "Paid is paid: the status is completed, with a failed notification.",
        status["state"] == "paid"
        and status["phase"] == "settled_with_failures"
        and "failed notification" in status["headline"],
        status,
    )


def _is_alive(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False
