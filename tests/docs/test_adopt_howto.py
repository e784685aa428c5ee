"""The how-to is true: a plain model with live rows moves under a contract as it is written."""

import shutil

import pytest

from .reader import AT_MOST_SECONDS, blocks_of


@pytest.mark.only_on("sqlite")
@pytest.mark.timeout(4 * AT_MOST_SECONDS)
def test_a_plain_model_is_adopted_as_it_is_written(reader):
    assert shutil.which("curl"), "the page needs curl"
    blocks = blocks_of("howto/adopt-a-plain-fsm-model.md")
    assert len(blocks) > 25
    for block in blocks:
        reader.follow(block)
