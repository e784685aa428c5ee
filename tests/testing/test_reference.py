"""The reference of the kit names everything in it, and nothing else."""

import re
from pathlib import Path

from workflows_app import testing
from workflows_app.testing import pytest_plugin

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "testing.md"


def headings(part):
    """The names with a heading in one part of the page."""
    text = PAGE.read_text().partition(f"\n## {part}\n")[2].partition("\n## ")[0]
    return sorted(re.findall(r"^### `(\w+)", text, re.MULTILINE))


def test_every_public_name_has_its_heading():
    assert headings("Names") == sorted(testing.__all__)


def test_every_fixture_has_its_heading():
    kind = type(pytest_plugin.clock)
    fixtures = sorted(name for name, value in vars(pytest_plugin).items() if type(value) is kind)
    assert headings("Fixtures") == fixtures


def test_every_point_of_a_crash_is_on_the_page_in_the_same_words():
    text = PAGE.read_text().partition("\n## Points\n")[2].partition("\n## ")[0]
    assert dict(re.findall(r"^\| `(\S+)` \| (.+) \|$", text, re.MULTILINE)) == testing.POINTS
