"""Nothing of the documentation is missing: what people may write or read has its place in it.

Settings, failures and checks are held by ``tests/contract/test_reference.py``, the kit for tests
by ``tests/testing/test_reference.py``, problems by ``tests/api/test_problems.py``.
"""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest
from django.core.management import load_command_class
from django.core.management.base import BaseCommand
from django.db.models import TextChoices

from workflows_app import models
from workflows_app.describe.receipt import Progress
from workflows_app.describe.status import Phase
from workflows_app.engine import settle

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
REFERENCE = ROOT / "docs" / "reference"
DOORS = [
    "workflows_app",
    *(f"workflows_app.{part}" for part in ["engine", "models", "api", "admin", "ops"]),
]
SETS = {
    name: one
    for name, one in vars(models).items()
    if isinstance(one, type) and issubclass(one, TextChoices)
}
COMMANDS = sorted(
    path.stem for path in (ROOT / "workflows_app" / "management" / "commands").glob("workflow*.py")
)
EVERY_COMMAND_S = {
    name
    for action in BaseCommand().create_parser("", "")._actions
    for name in action.option_strings
}


def sections(page):
    """Heading and text of every section of a page."""
    parts = re.split(r"^## (.+)$", page.read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(section):
    """The word in the first column of each row of a table."""
    return sorted(re.findall(r"^\| `([^`]+)` \| .+ \|$", section, re.MULTILINE))


def test_every_package_has_a_section_of_names_and_nothing_else_has():
    assert list(sections(REFERENCE / "names.md")) == [*DOORS, "workflows_app.testing"]


@pytest.mark.parametrize("door", DOORS)
def test_every_public_name_has_a_row_and_nothing_else_has(door):
    named = rows(sections(REFERENCE / "names.md")[door])
    assert named == sorted(import_module(door).__all__)


def test_every_set_of_stored_words_has_a_section():
    assert set(sections(REFERENCE / "stored-words.md")) == {*SETS, "Outcomes of an attempt"}


@pytest.mark.parametrize("name", SETS)
def test_every_stored_word_has_a_row_and_nothing_else_has(name):
    words = [one for one in SETS[name].values if one]  # nothing is no word
    assert rows(sections(REFERENCE / "stored-words.md")[name]) == sorted(words)


def test_every_outcome_of_an_attempt_has_a_row_and_nothing_else_has():
    named = rows(sections(REFERENCE / "stored-words.md")["Outcomes of an attempt"])
    assert named == sorted(settle._OUTCOMES.values())


def test_every_phase_and_every_state_of_an_operation_stands_under_http():
    of_http = sections(ROOT / "docs" / "http.md")
    assert rows(of_http["The status document"]) == sorted(Phase)
    states = of_http["The operation"].split("\n\n")[1].splitlines()[0]
    assert [one for one in re.findall(r"`(\w+)`", states) if one in set(Progress)] == list(Progress)


def codes(**position):
    """The texts that the source gives to these calls as a code, each at its position."""
    found = set()
    for path in sorted((ROOT / "workflows_app").rglob("*.py")):
        for call in ast.walk(ast.parse(path.read_text())):
            name = call.func.id if isinstance(getattr(call, "func", None), ast.Name) else None
            if name in position and position[name] < len(call.args):
                found |= texts(call.args[position[name]], path)
    return sorted(found)


def texts(argument, path):
    """Constants, those behind a name, and the last resort of a ``getattr``."""
    match argument:
        case ast.Constant(value=str(text)):
            return {text}
        case ast.Name(id=name) if name.isupper():
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            return {vars(import_module(module))[name]}
        case ast.Call(args=[*_, last]):
            return texts(last, path)
        case ast.BoolOp(values=values):
            return set().union(*(texts(value, path) for value in values))
    return set()


def test_every_code_of_a_reason_has_a_row_and_nothing_else_has():
    named = rows(sections(REFERENCE / "codes.md")["Of a refusal"])
    assert named == codes(Reason=0, _reason=2)


def test_every_code_of_a_failed_attempt_has_a_row_and_nothing_else_has():
    named = rows(sections(REFERENCE / "codes.md")["Of a failed attempt"])
    assert named == codes(Recorded=0)


def test_every_code_of_http_alone_has_a_row_and_nothing_else_has():
    source = "".join(path.read_text() for path in (ROOT / "workflows_app" / "api").glob("*.py"))
    named = rows(sections(REFERENCE / "codes.md")["Of HTTP"])
    assert named == sorted(re.findall(r'default_code = "(\w+)"', source))


@pytest.mark.parametrize("model", ["Operation", "EffectRun", "Tombstone"])
def test_every_permission_of_ours_is_named_on_some_page(model):
    ours = [f"workflows_app.{name}" for name, _ in getattr(models, model)._meta.permissions]
    written = "".join(page.read_text() for page in PAGES)
    assert ours
    assert [name for name in ours if name not in written] == []


def test_every_target_of_make_has_a_section_and_nothing_else_has():
    targets = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert list(sections(REFERENCE / "make.md")) == targets


def sections_of_the_commands():
    return sections(REFERENCE / "commands.md")


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
