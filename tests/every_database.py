"""The whole suite on SQLite, on PostgreSQL and on MariaDB, ending with a table of what ran where.

    python -m tests.every_database [arguments for pytest]

MariaDB is the server that MARIADB_URL names; without one, the table says that it was not run.
With CI=true nothing may be left out: a database that is not there and a skipped test are failures.
"""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.mariadb_server import mariadb_server
from tests.postgres_server import Unreachable, postgres_server

IN_CI = os.environ.get("CI") == "true"
NOTHING_COLLECTED = 5


@dataclass(frozen=True)
class Run:
    """What one pytest run on one database came to."""

    database: str
    exit_code: int
    counts: dict[str, int] = field(default_factory=dict)
    skipped_because: list[str] = field(default_factory=list)
    note: str = ""

    def count(self, *outcomes):
        return sum(self.counts.get(outcome, 0) for outcome in outcomes)

    @property
    def holds(self):
        return self.exit_code == 0 and not (IN_CI and self.count("skipped"))


def main(arguments):
    runs = [
        suite_on("SQLite", "sqlite", arguments),
        suite_on_postgresql(arguments),
        suite_on_mariadb(arguments),
    ]
    print(table(runs))
    return 0 if all(run.holds for run in runs) else 1


def suite_on_postgresql(arguments):
    try:
        with postgres_server() as url:
            return suite_on("PostgreSQL", url, arguments)
    except Unreachable as error:
        return Run("PostgreSQL", exit_code=1, note=f"NOT RUN: {error}")


def suite_on_mariadb(arguments):
    try:
        url = mariadb_server()
    except Unreachable as error:
        return Run("MariaDB", exit_code=1, note=f"NOT RUN: {error}")
    if url is None:
        return Run("MariaDB", exit_code=int(IN_CI), note="not run: no server (set MARIADB_URL)")
    return suite_on("MariaDB", url, arguments)


def suite_on(name, url, arguments):
    print(f"\n=== {name} ===", flush=True)
    with tempfile.TemporaryDirectory() as directory:
        report = Path(directory) / "outcome.json"
        environment = os.environ | {
            "WORKFLOWS_TEST_DATABASE": url,
            "WORKFLOWS_TEST_OUTCOME": str(report),
        }
        finished = subprocess.run(pytest_command(arguments), env=environment, check=False)
        return result(name, finished.returncode, report)


def pytest_command(arguments):
    plugin = ["-p", "tests.outcome"]
    return [sys.executable, "-m", "pytest", *plugin, "-n", "2", "--dist", "loadgroup", *arguments]


def result(name, exit_code, report):
    if not report.exists():
        return Run(name, exit_code or 1, note=f"pytest ended with {exit_code} and left no outcome")
    told = json.loads(report.read_text())
    if exit_code == NOTHING_COLLECTED:
        return Run(name, 0, **told, note="nothing matches on this database")
    return Run(name, exit_code, **told)


def table(runs):
    heading = f"{'database':<12}{'passed':>8}{'failed':>8}{'skipped':>9}{'xfailed':>9}  verdict"
    skipped = [
        f"skipped on {run.database}: {reason}" for run in runs for reason in run.skipped_because
    ]
    return "\n".join(["", *skipped, heading, *[row(run) for run in runs]])


def row(run):
    numbers = (
        f"{run.count('passed'):>8}{run.count('failed', 'error'):>8}"
        f"{run.count('skipped'):>9}{run.count('xfailed', 'xpassed'):>9}"
    )
    return f"{run.database:<12}{numbers}  {verdict(run)} {run.note}".rstrip()


def verdict(run):
    if run.exit_code == 0 and not run.holds:
        return "FAILED: nothing may be skipped in CI."
    if not run.holds:
        return "FAILED"
    return "ok" if run.counts else "-"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
