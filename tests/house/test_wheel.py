"""The built wheel is complete: it installs into an empty project and migrates."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.house.installation import run

# The project it installs into brings its own database, so once is enough, and in one process.
pytestmark = [pytest.mark.only_on("sqlite"), pytest.mark.xdist_group("wheel")]

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "workflows_app"


@pytest.fixture(scope="module")
def empty_project(user_s_python, tmp_path_factory):
    """`startproject` in an environment with only our wheel and its dependencies."""
    directory = tmp_path_factory.mktemp("project")
    run([user_s_python, "-m", "django", "startproject", "site_of_a_user", directory], directory)
    with (directory / "site_of_a_user" / "settings.py").open("a") as settings:
        settings.write(
            'INSTALLED_APPS += ["rest_framework", "simple_history", "django_q", "workflows_app"]\n'
            'Q_CLUSTER = {"name": "site", "orm": "default", "timeout": 60, "retry": 90}\n'
        )
    return user_s_python, directory


def test_every_file_of_the_package_is_in_the_wheel(wheel):
    source = {
        str(path.relative_to(ROOT))
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert source - set(ZipFile(wheel).namelist()) == set()


@pytest.mark.parametrize(
    "part", ["py.typed", "migrations/0001_initial.py", "templates/", "static/"]
)
def test_the_wheel_holds(wheel, part):
    assert [name for name in ZipFile(wheel).namelist() if f"workflows_app/{part}" in name]


def test_the_wheel_holds_nothing_but_the_package(wheel):
    tops = {name.split("/")[0] for name in ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"workflows_app"}


def test_the_empty_project_uses_the_wheel_and_not_this_checkout(empty_project):
    python, directory = empty_project
    where = run([python, "-c", "import workflows_app; print(workflows_app.__file__)"], directory)
    assert Path(where.strip()).is_relative_to(python.parents[1])


def test_an_empty_project_passes_the_checks_and_migrates(empty_project):
    python, directory = empty_project
    run([python, "manage.py", "check"], directory)
    run([python, "manage.py", "migrate"], directory)
    tables = run([python, "manage.py", "inspectdb"], directory)
    assert "class WorkflowsAppOperation(" in tables
