"""The how-to on tests is true: its examples are a test module, and it passes."""

import os
import subprocess
import sys
from pathlib import Path

from .reader import blocks_of

ROOT = Path(__file__).parents[2]
PAGE = "howto/test-your-workflow.md"


def test_the_examples_run_as_they_stand_there(tmp_path):
    for block in blocks_of(PAGE):
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
    assert " 11 passed" in finished.stdout
