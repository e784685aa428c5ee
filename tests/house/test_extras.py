"""Every extra the project tells somebody to install is one it has: pip only warns of others."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.compile(r"(?:django-workflows-app|['\"]\.)\[([a-z0-9, -]+)\]")


def extras_named():
    listed = subprocess.run(
        ["git", "ls-files", "*.md", "*.toml", "*.yml", "Makefile", ".ci/*"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    return {
        (name, extra.strip())
        for name in listed
        for together in NAMED.findall((ROOT / name).read_text())
        for extra in together.split(",")
    }


@pytest.mark.parametrize(("named_in", "extra"), sorted(extras_named()))
def test_an_extra_that_is_named_exists(named_in, extra):
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert extra in declared["optional-dependencies"], f"{named_in} installs [{extra}]"
