"""The story: a claim is approved, the bank is down, the worker is killed, and it is paid once.

Everything is asked over real HTTP, of our site and of the outside world. Every promise is checked.
"""

from .chapters import commands, confirmation, deadline, payment, records, withdrawal
from .processes import Stage
from .scene import Scene
from .telling import Telling

CHAPTERS = (
    commands.a_claim_is_handed_in,
    commands.the_same_request_comes_again,
    commands.the_claimant_may_not_approve,
    payment.the_reviewer_approves_while_the_bank_is_down,
    payment.the_worker_is_killed_in_the_middle,
    payment.nobody_knows_and_everybody_reads_it,
    payment.the_bank_has_paid_once,
    payment.the_mail_fails_for_good,
    commands.a_client_is_too_late,
    confirmation.the_confirmation_comes_twice_and_early,
    withdrawal.the_claimant_withdraws_while_the_payment_runs,
    deadline.the_reviewer_sleeps_for_a_day,
    records.somebody_updates_the_table,
    records.the_timeline_explains_it,
)


def play(stage: Stage, telling: Telling) -> None:
    """Play it from the first request to the timeline. Raises BrokenPromise when it cannot go on."""
    scene = Scene(stage, telling)
    for chapter in CHAPTERS:
        chapter(scene)
