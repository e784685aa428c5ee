"""The pages about the contract are complete, and the contract on its page holds."""

import re
from pathlib import Path

import pytest

from tests.docs.page_code import page_as_module
from workflows_app import failures
from workflows_app.conf import known, settings
from workflows_app.contract import checks
from workflows_app.failures import Refused, WorkflowError

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def sections(page):
    """Heading and text of every section of a page."""
    parts = re.split(r"^## (.+)$", (DOCS / "reference" / page).read_text(), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_setting_has_a_section_and_nothing_else_has():
    assert set(sections("settings.md")) == known()


@pytest.mark.parametrize("name", sorted(known()))
def test_the_page_says_the_default(name):
    default = getattr(settings, name)
    said = sections("settings.md")[name]
    shown = getattr(default, "seconds", default)
    assert (f"{shown}" if shown != "" else "empty") in said


def test_every_failure_has_a_section_and_nothing_else_has():
    named = {
        name
        for name, one in vars(failures).items()
        if isinstance(one, type) and issubclass(one, WorkflowError)
    }
    assert set(sections("failures.md")) == named


def test_the_page_says_the_code_of_every_refusal():
    page = sections("failures.md")
    for refusal in Refused.__subclasses__():
        assert f"Code `{refusal.code}`" in page[refusal.__name__]


def test_the_tree_in_the_docstring_is_the_tree_of_classes():
    drawn = re.findall(r"[├└]── (\w+)|^(\w+)$", failures.__doc__, flags=re.MULTILINE)
    assert {one or other for one, other in drawn} == set(sections("failures.md"))


def test_every_check_has_a_section_and_nothing_else_has():
    source = "".join(path.read_text() for path in (ROOT / "workflows_app").rglob("*.py"))
    assert set(sections("checks.md")) == set(re.findall(r"workflows_app\.[EIW]\d{3}", source))


@pytest.fixture
def library():
    with page_as_module("contract.md", "library") as library:
        yield library


def test_the_contract_on_its_page_has_no_fault(library):
    (fault,) = checks.faults_of([library.Loan])
    assert "'library.lend_book'" in fault.msg  # there is no app called library


def test_the_model_on_the_page_knows_its_transitions(library):
    loan = library.Loan()
    assert {one.name for one in loan.get_available_status_transitions()} == {
        "lend",
        "drop",
        "note",
    }
