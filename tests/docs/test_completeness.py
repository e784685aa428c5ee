"""Nothing of the documentation is missing: every command has its section, every page is found."""

import re
from pathlib import Path

import pytest
from django.core.management import load_command_class
from django.core.management.base import BaseCommand

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
COMMANDS = sorted(
    path.stem for path in (ROOT / "workflows_app" / "management" / "commands").glob("workflow*.py")
)
EVERY_COMMAND_S = {
    name
    for action in BaseCommand().create_parser("", "")._actions
    for name in action.option_strings
}


def sections_of_the_commands():
    page = (ROOT / "docs" / "reference" / "commands.md").read_text()
    parts = re.split(r"^## (.+)$", page, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_has_a_section_and_nothing_else_has():
    assert sorted(sections_of_the_commands()) == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_the_section_names_every_option_of_the_command_and_no_other(command):
    parser = load_command_class("workflows_app", command).create_parser("", command)
    known = {name for action in parser._actions for name in action.option_strings}
    named = set(re.findall(r"--[a-z-]+", sections_of_the_commands()[command]))
    assert named == known - EVERY_COMMAND_S


def linked_from(page):
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text())
    return {(page.parent / target).resolve() for target in targets}


def test_every_page_is_found_by_somebody_who_begins_at_the_readme():
    found, ahead = set(), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        found.add(page)
        ahead += [one for one in linked_from(page) - found if one.suffix == ".md"]
    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in found] == []


def headings_of(page):
    lines = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines}


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.name)
def test_every_link_to_a_heading_leads_to_one(page):
    links = re.findall(r"\]\((?!https?://)([^)#]*)#([^)]+)\)", page.read_text())
    lost = [
        f"{target}#{heading}"
        for target, heading in links
        if heading not in headings_of((page.parent / target) if target else page)
    ]
    assert lost == []


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: page.name)
def test_every_python_example_is_python(page):
    for block in re.findall(
        r"^```py(?:thon)?\b.*\n((?:.*\n)*?)^```$", page.read_text(), re.MULTILINE
    ):
        compile(block, page.name, "exec")
