"""The worker is killed, in every phase of an effect and in every role, and nothing is lost.

The long version, with a thousand commands: `python -m tests.kills`.
"""

import pytest

from tests.kills.phases import ANSWERED, CLAIMED, IDLE, IN_HANDLER, PHASES
from tests.kills.story import Size, play

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
def test_w22_every_payment_is_made_once_however_its_worker_is_killed(child_environment):
    killer, _ = play(Size(commands=40, kills=KILLS), child_environment)
    assert {phase for phase, _ in killer.kills} == set(PHASES)
