"""`make chaos`: a seeded storm over real workers on every database, and what became of it.

    python -m tests.chaos [--operations N] [--minutes M] [--seed S] [--database NAME] [--short]

Each database has a server of its own for the length of its round; nothing else is touched.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import django
from django.core.management import call_command

from tests.chaos.arena import opened
from tests.chaos.servers import NotHere, server_of

DATABASES = ("sqlite", "postgresql", "mariadb")
IN_CI = os.environ.get("CI") == "true"


def main(arguments):
    asked = options(arguments)
    if asked.database != "all":
        return one_round(asked)
    codes = [
        subprocess.run(
            [sys.executable, "-m", "tests.chaos", *arguments, "--database", name], check=False
        ).returncode
        for name in DATABASES
    ]
    print()
    for name, code in zip(DATABASES, codes, strict=True):
        print(f"{name:<12}{'nothing broken' if code == 0 else 'FAILED'}")
    return max(codes)


def options(arguments):
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__.splitlines()[0])
    parser.add_argument("--operations", type=int, default=1000, help="of people, on each database")
    parser.add_argument("--minutes", type=float, default=5.0, help="of storm at most, on each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=[*DATABASES, "all"], default="all")
    parser.add_argument("--every", type=float, default=1.0, help="seconds between two troubles")
    parser.add_argument("--logs", help="keep journals and logs in this directory")
    parser.add_argument("--short", action="store_true", help="a few seconds on each: for CI")
    asked = parser.parse_args(arguments)
    if asked.short:
        asked.operations, asked.minutes, asked.every = 150, 0.15, 0.3
    return asked


def one_round(asked):
    """Storm and calm on one database; 0 if everything held."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="workflows-chaos-logs-") as temporary:
        logs = Path(asked.logs or temporary) / asked.database
        shutil.rmtree(logs, ignore_errors=True)
        logs.mkdir(parents=True)
        try:
            with server_of(asked.database) as server:
                holds = play(asked, server, logs)
        except NotHere as error:
            print(f"\n=== {asked.database}: not run: {error}")
            return int(IN_CI)
    print(f"{time.monotonic() - began:.0f} s in all.")
    return 0 if holds else 1


def play(asked, server, logs):
    os.environ["WORKFLOWS_TEST_DATABASE"] = server.direct
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.chaos.settings"
    django.setup()
    make_tables()
    from tests.chaos.battle import Battle, Plan
    from tests.chaos.report import report
    from tests.chaos.trips.people import hire_everybody
    from tests.chaos.verdict import everything_broken

    hire_everybody()
    plan = Plan(asked.database, asked.operations, asked.minutes, asked.seed, asked.every)
    with opened(server, logs, asked.seed) as arena:
        battle = Battle(plan, arena)
        battle.fight()
        book = arena.book()
        broken = everything_broken(battle, book)
        print(report(battle, book, broken), flush=True)
    return not any(broken.values())


def make_tables():
    """First what has migrations: the trips, which have none, refer to its tables."""
    for options in ({}, {"run_syncdb": True}):
        call_command("migrate", verbosity=0, skip_checks=True, **options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
