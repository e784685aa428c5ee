"""Every shape of project walks the whole road, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SHAPES = sorted(path.parent.name for path in HERE.glob("*/story.py"))
SECONDS = 120


@pytest.mark.parametrize("shape", SHAPES)
def test_a_project_of_this_shape_walks_the_whole_road(shape):
    told = subprocess.run(
        [sys.executable, "-m", "tests.shapes", shape],
        cwd=HERE.parents[1],
        env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert told.returncode == 0, told.stderr or told.stdout
