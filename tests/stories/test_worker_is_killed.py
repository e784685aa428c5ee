"""The worker is killed, in every phase of an effect and in every role, and nothing is lost.

The long version, with a thousand commands: `python -m tests.chaos`.
"""

import pytest

from tests.chaos.phases import ANSWERED, CLAIMED, IDLE, IN_HANDLER, PHASES
from tests.chaos.story import Size, play

KILLS = (
    (IDLE, "sentinel"),
    (IDLE, "worker"),
    (CLAIMED, "worker"),
    (ANSWERED, "worker"),
    (IN_HANDLER, "pusher"),
    (IN_HANDLER, "main"),
    (ANSWERED, "monitor"),
    (IN_HANDLER, "worker"),
)


@pytest.mark.timeout(120)
def test_every_claim_is_paid_once_however_its_worker_is_killed(child_environment):
    killer, _ = play(Size(commands=40, kills=KILLS), child_environment)
    assert {phase for phase, _ in killer.kills} == set(PHASES)
