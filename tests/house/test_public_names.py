"""What users may import is in `__all__`, and nothing else looks as if it were."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
DOORS = ["workflows_app", "workflows_app.engine", "workflows_app.testing"]


@pytest.mark.parametrize("door", DOORS)
def test_every_public_name_exists(door):
    module = import_module(door)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize("door", DOORS)
def test_every_name_that_looks_public_is_declared(door):
    module = import_module(door)
    visible = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert visible == set(module.__all__)


def test_the_words_of_a_contract_load_without_settings_and_without_rows():
    program = "import sys, workflows_app; sys.exit('workflows_app.models' in sys.modules)"
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, check=False
    )
    assert finished.returncode == 0
