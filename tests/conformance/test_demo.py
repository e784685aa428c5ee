"""The story of the demo holds every promise on the database of this run, too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import url_of_this_server

ROOT = Path(__file__).parents[2]


@pytest.mark.only_on("postgresql", "mysql")  # on SQLite it is a command of its own in CI
@pytest.mark.timeout(180)
def test_the_demo_keeps_its_promises():
    own = {"DATABASE_URL": url_of_this_server("demo")}
    played = subprocess.run(
        [sys.executable, "manage.py", "demo", "--check"],
        cwd=ROOT,
        env=os.environ | own | {"DJANGO_SETTINGS_MODULE": "demo_project.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert "promises held" in played.stdout
