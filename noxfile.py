"""The matrix: every Python with every Django we support, and the lowest versions we promise.

    nox                  the whole grid (make matrix)
    nox --tags corners   everything as low, and everything as high, as we support (make corners)

Each combination runs on SQLite what depends on Python, Django or another package; how databases,
brokers, browsers and killed processes behave is for `make test`, which does that on one of them.
An interpreter that is not there is said and passed over; with CI=true it is a failure.
"""

import os
import tomllib
from pathlib import Path

import nox
from packaging.requirements import Requirement

ROOT = Path(__file__).parent
GRID = [("3.11", "5.2"), ("3.12", "5.2"), ("3.12", "6.1"), ("3.13", "5.2"), ("3.13", "6.1")]
LOWEST_PYTHON, HIGHEST = "3.11", ("3.13", "6.1")
SUITES = [
    "tests/contract",
    "tests/models",
    "tests/engine",
    "tests/ops",
    "tests/describe",
    "tests/management",
    "tests/api",
    "tests/admin",
    "tests/fsm",
    "tests/demo",
    "tests/test_conf.py",
    "tests/test_failures.py",
    "demo_project",
]
IN_CI = os.environ.get("CI") == "true"

nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = IN_CI


def find_those_of_pyenv():
    """Its shims answer for the versions that are switched on only; the others are there too."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found = sorted(str(directory) for directory in root.glob("versions/3.*/bin"))
    os.environ["PATH"] = os.pathsep.join([*found, os.environ["PATH"]])


find_those_of_pyenv()


@nox.session(python=LOWEST_PYTHON, tags=["corners"])
def lowest(session):
    """The lower bound of everything we need at run time."""
    bounds = Path(session.create_tmp(), "lowest.txt")
    bounds.write_text("\n".join(lower_bounds()))
    install(session, "--constraint", str(bounds))
    check(session)


@nox.session
@nox.parametrize(
    ("python", "django"),
    [nox.param(*one, tags=["corners"] if one == HIGHEST else []) for one in GRID],
)
def newest(session, django):
    """The newest of everything that goes with this Python and this Django."""
    install(session, f"Django=={django}.*")
    check(session)


def install(session, *wanted):
    """Everything in one go, so that pip has to find versions that go together."""
    session.install("--upgrade", "pip>=25.1")
    session.install(
        "--upgrade",
        "--upgrade-strategy=eager",
        "--editable",
        ".[demo]",
        "--group",
        "test",
        *wanted,
    )


def check(session):
    """The suites, on SQLite whatever the caller's environment names."""
    session.run("python", "-m", "pip", "list", "--exclude-editable", silent=False)
    session.run(
        "python", "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup",
        *(session.posargs or SUITES),
        env={"WORKFLOWS_TEST_DATABASE": "sqlite"},
    )  # fmt: skip


def lower_bounds():
    """`Django>=5.2` becomes `Django==5.2`, for the dependencies and the extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    together = [*project["dependencies"], *sum(project["optional-dependencies"].values(), [])]
    wanted = [Requirement(one) for one in together if not one.startswith(project["name"])]
    return [f"{one.name}=={bound.version}" for one in wanted for bound in at_least(one)]


def at_least(requirement):
    found = [one for one in requirement.specifier if one.operator == ">="]
    if len(found) != 1:
        raise ValueError(f"{requirement}: every dependency says its lower bound, as in a>=1.2")
    return found
