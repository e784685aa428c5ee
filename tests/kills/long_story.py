"""A thousand commands and sixty kills: `python -m tests.kills` (some minutes)."""

import os
import sys

import pytest

from tests.kills.story import Size, everything, play


@pytest.mark.timeout(1800)
def test_a_thousand_payments_are_made_once_while_the_worker_is_killed(child_environment, capsys):
    rounds = int(os.environ.get("KILLS_ROUNDS", "3"))
    commands = int(os.environ.get("KILLS_COMMANDS", "1000"))
    seed = int(os.environ.get("KILLS_SEED", "1"))
    _, report = play(Size(commands, everything(rounds), seed), child_environment)
    with capsys.disabled():
        sys.stdout.write(f"{report}\n")
