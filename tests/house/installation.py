"""Our package as users have it: from a wheel, in an environment without this checkout."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

ROOT = Path(__file__).parents[2]


def built_wheel(target):
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", target, ROOT]
    run(build, directory=target)
    (built,) = target.glob("*.whl")
    return built


def environment_with(wheel, environment):
    """The dependencies come from the running environment, its copy of our package does not.

    A line in a .pth file adds a directory without reading the .pth files inside it, and an
    editable installation is such a file.
    """
    run([sys.executable, "-m", "venv", "--without-pip", environment], wheel.parent)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python]
    run([*pip, "install", "--quiet", "--no-deps", "--no-index", wheel], wheel.parent)
    where = run([python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], ROOT)
    Path(where.strip(), "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return python


def run(command, directory):
    ours = ("DJANGO_SETTINGS_MODULE", "PYTHONPATH")
    environment = {name: value for name, value in os.environ.items() if name not in ours}
    finished = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout
