"""The settings on the page about databases are such that no check has anything to say."""

import re
from pathlib import Path

import pytest
from django.db.utils import ConnectionHandler

from workflows_app.contract.checks import project

PAGE = (Path(__file__).parents[2] / "docs" / "databases.md").read_text()


def settings_on_the_page():
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        written = {}
        exec(compile(block, "databases.md", "exec"), written)
        yield written["DATABASES"]["default"]


@pytest.mark.parametrize("database", list(settings_on_the_page()), ids=lambda one: one["ENGINE"])
def test_no_check_complains_about_the_settings_on_the_page(database):
    configured = ConnectionHandler({"default": database}).settings["default"]
    assert list(project.database_faults("default", configured)) == []


def test_the_page_shows_every_database_that_is_known():
    shown = {one["ENGINE"].rpartition(".")[2] for one in settings_on_the_page()}
    assert shown == {"sqlite3", "postgresql", "mysql"}
