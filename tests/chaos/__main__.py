"""The long story on one database: `python -m tests.chaos`, with WORKFLOWS_TEST_DATABASE=...

CHAOS_ROUNDS (3), CHAOS_COMMANDS (1000) and CHAOS_SEED (1) say how long and which.
"""

import sys

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "tests/chaos/long_story.py"]))
