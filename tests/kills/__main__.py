"""The long story on one database: `python -m tests.kills`, with WORKFLOWS_TEST_DATABASE=...

KILLS_ROUNDS (3), KILLS_COMMANDS (1000) and KILLS_SEED (1) say how long and which.
"""

import sys

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "tests/kills/long_story.py"]))
