"""How-tos that are true from their first line to their last: files are written, commands run."""

import re

import pytest

from .reader import AT_MOST_SECONDS, blocks_of

#: Each has more blocks than this: a page without any would prove nothing.
PAGES = {
    "howto/charge-a-card.md": 10,
    "howto/poll-a-vendor.md": 10,
    "howto/wait-for-a-webhook.md": 15,
}
KNOWN = {"python": r"\S+( \+)?", "sh": r"|until|background", "text": ""}


@pytest.mark.only_on("sqlite")
@pytest.mark.timeout(4 * AT_MOST_SECONDS)
@pytest.mark.parametrize("page", PAGES)
def test_the_page_works_as_it_is_written(reader, page):
    for block in blocks_of(page):
        reader.follow(block)


@pytest.mark.parametrize(("page", "at_least"), PAGES.items())
def test_every_block_of_the_page_is_one_the_test_knows_how_to_follow(page, at_least):
    blocks = blocks_of(page)
    assert [b for b in blocks if not re.fullmatch(KNOWN.get(b.language, "never"), b.note)] == []
    assert len(blocks) > at_least
