"""The quickstart is true: its files are written and its commands run, in its order."""

import json
import re
import shutil

import pytest

from .reader import AT_MOST_SECONDS, blocks_of


def blocks():
    return blocks_of("quickstart.md")


@pytest.mark.only_on("sqlite")
@pytest.mark.timeout(4 * AT_MOST_SECONDS)
def test_the_quickstart_works_as_it_is_written(reader):
    assert shutil.which("curl"), "the quickstart needs curl"
    for block in blocks():
        reader.follow(block)


def test_every_block_of_the_page_is_one_the_test_knows_how_to_follow():
    known = {
        "python": r"\S+( \+)?",
        "sh": r"|install|background|until|fails",
        "json": "",
        "text": "",
    }
    strange = [b for b in blocks() if not re.fullmatch(known.get(b.language, "never"), b.note)]
    assert strange == []
    assert len(blocks()) > 15


def test_expected_json_is_json():
    for block in blocks():
        if block.language == "json":
            for line in block.text.splitlines():
                json.loads(f"{{{line}}}")
