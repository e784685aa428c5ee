"""A project that uses the package from its wheel passes mypy --strict, and its mistakes do not."""

import re
import shutil
import sys

import pytest

from tests.house.installation import ROOT, run

# What is checked does not depend on the database, so once is enough; next to the other wheel.
pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.xdist_group("wheel")]

SAMPLE = ROOT / "tests" / "typed"


def test_the_sample_project_is_strict_and_every_mistake_is_an_error(user_s_python, tmp_path):
    project = shutil.copytree(SAMPLE, tmp_path / "project")
    mypy = [sys.executable, "-m", "mypy", "--python-executable", user_s_python]
    told = run([*mypy, "--cache-dir", tmp_path, "--config-file", "mypy.ini", "."], project)
    assert re.match(r"Success: no issues found in \d+ source files", told)


def test_the_mistakes_are_many():
    assert (SAMPLE / "mistakes.py").read_text().count("# type: ignore[") > 15
