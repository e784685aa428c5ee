"""The how-tos on tests are true: the examples of each are a test module, and it passes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .reader import blocks_of

ROOT = Path(__file__).parents[2]
PAGES = {"howto/test-your-workflow.md": 13, "howto/explore-a-workflow.md": 10}


@pytest.mark.parametrize(("page", "tests"), PAGES.items())
def test_the_examples_run_as_they_stand_there(tmp_path, page, tests):
    for block in blocks_of(page):
        if block.language == "python":
            name, _, _ = block.note.partition(" ")
            with (tmp_path / name).open("a") as file:
                file.write(f"{block.text}\n\n")
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", tmp_path, tmp_path]
    finished = subprocess.run(
        [*command, "-W", "error", "-p", "no:cacheprovider"],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert f" {tests} passed" in finished.stdout
