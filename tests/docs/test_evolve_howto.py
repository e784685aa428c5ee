"""The how-to about changes is true: its contracts hold, its commands exist as they are written.

What it says of releases side by side is played in tests/releases.
"""

import re

import pytest
from django.core.management import load_command_class

from .page_code import page_as_module
from .reader import blocks_of, text_of

PAGE = "howto/evolve-a-contract.md"


@pytest.fixture
def page():
    with page_as_module(PAGE, "evolve_a_contract") as page:
        yield page


def test_the_renames_on_the_page_mean_what_it_says(page):
    assert page.Status.present("picking") == "collecting"
    assert page.FirstDeploy.present("collecting") == "picking"
    assert page.SecondDeploy.present("picking") == "collecting"
    collect = page.OrderWorkflow.workflow_transitions["collect"]
    assert collect.every_name == ("pick", "collect")
    assert [effect.was for effect in collect.all_effects()] == [("reserve_courier",)]


def test_the_commands_on_the_page_take_what_is_written():
    commands = [line for b in blocks_of(PAGE) if b.language == "sh" for line in b.text.splitlines()]
    assert len(commands) == 3
    for command in commands:
        _, _, name, *arguments = command.split()
        app = "django.core" if name == "migrate" else "workflows_app"
        load_command_class(app, name).create_parser("manage.py", name).parse_args(arguments)


def test_every_finding_it_names_is_explained():
    text = text_of(PAGE)
    reference = text_of("reference/workflow_check.md")
    for named in set(re.findall(r"\b[EIW]0\d\d\b", text)):
        assert named in reference
