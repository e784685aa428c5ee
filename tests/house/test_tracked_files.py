"""No file of the project holds an open end, a package index or the path of one machine."""

import os
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HIDDEN_BUT_OURS = {".ci", ".gitignore", ".gitattributes"}
MADE_BY_TOOLS = {"__pycache__", "build", "dist", "var"}

OPEN_END = re.compile(r"\b(?:TO[D]O|FIX[M]E|XX[X])\b")
INDEX_ADDRESS = re.compile(r"index[-_]url|/simple/|pythonhosted", re.IGNORECASE)
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:root|farm|home/\w+|Users/\w+|work/\w+)/")


def texts():
    for directory, subdirectories, names in os.walk(ROOT):
        subdirectories[:] = [name for name in subdirectories if is_ours(name)]
        for name in filter(is_ours, names):
            path = Path(directory, name)
            text = text_of(path)
            if text is not None and path != Path(__file__):
                yield path.relative_to(ROOT), text


def is_ours(name):
    hidden = name.startswith(".") and name not in HIDDEN_BUT_OURS
    return not hidden and name not in MADE_BY_TOOLS and ".sqlite3" not in name


def text_of(path):
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


@pytest.mark.parametrize("forbidden", [OPEN_END, INDEX_ADDRESS, MACHINE_PATH], ids=str)
def test_no_file_holds_what_does_not_belong_in_the_project(forbidden):
    found = [
        f"{path}:{number}: {line.strip()}"
        for path, text in texts()
        for number, line in enumerate(text.splitlines(), start=1)
        if forbidden.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("forbidden", "line"),
    [
        (OPEN_END, "# TO" + "DO later"),
        (INDEX_ADDRESS, "pip install --index-" + "url https://example.org"),
        (MACHINE_PATH, "open('/ro" + "ot/notes.txt')"),
    ],
)
def test_the_search_finds_what_it_is_for(forbidden, line):
    assert forbidden.search(line)


def test_the_search_looks_at_this_project():
    assert {Path("pyproject.toml"), Path("workflows_app/__init__.py")} <= {p for p, _ in texts()}
