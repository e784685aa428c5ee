"""The page of promises says what the code and the tests say, and nothing else."""

import re
from pathlib import Path

from workflows_app.testing.invariants import INVARIANTS

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "promises.md"


def rows(heading):
    """The cells of each row of the table of one section, by the first."""
    section = PAGE.read_text().partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if line[:2] == "| "]
    return {name: cells for name, *cells in lines if re.fullmatch(r"[A-Z]\d+", name)}


def test_every_invariant_is_on_the_page_in_its_own_words():
    said = {name: [" ".join(broken.__doc__.split())] for name, broken in INVARIANTS.items()}
    assert rows("The invariants") == said


def test_every_window_is_on_the_page_with_its_tests_and_no_other():
    named = {
        name: re.findall(r"`(test_\w+)`", cells[-1]) for name, cells in rows("The windows").items()
    }
    assert {name: sorted(tests) for name, tests in named.items()} == written()


def test_all_windows_are_on_the_page():
    assert list(rows("The windows")) == [f"W{number}" for number in range(1, 23)]


def test_all_invariants_are_on_the_page():
    assert list(rows("The invariants")) == [f"I{number}" for number in range(1, 14)]


def written():
    """The tests that carry a window in their name, by window."""
    found = {}
    for path in (ROOT / "tests").rglob("test_*.py"):
        for test, number in re.findall(
            r"^def (test_w(\d\d)_\w+)\(", path.read_text(), re.MULTILINE
        ):
            found.setdefault(f"W{int(number)}", []).append(test)
    return {name: sorted(tests) for name, tests in found.items()}


def test_exactly_once_is_said_of_an_acceptance_only():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    said = [
        f"{page.name}: {line.strip()}"
        for page in pages
        for line in page.read_text().splitlines()
        if "exactly once" in line.lower() and "accepted" not in line.lower()
    ]
    assert said == []
