"""`make bench`: every benchmark on every database there is, as tables of text."""

import os
import subprocess
import sys

from tests.mariadb_server import mariadb_server
from tests.postgres_server import postgres_server


def main(arguments):
    failed = run_on("SQLite", "sqlite", arguments)
    with postgres_server() as url:
        failed |= run_on("PostgreSQL", url, arguments)
    if url := mariadb_server():
        failed |= run_on("MariaDB", url, arguments)
    return failed


def run_on(name, url, arguments):
    print(f"\n=== {name} ({how_busy()}) ===", flush=True)
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
        "WORKFLOWS_TEST_DATABASE": url,
    }
    command = [sys.executable, "-m", "tests.bench.on_one_database", *arguments]
    return subprocess.run(command, env=environment, check=False).returncode


def how_busy():
    """What else this machine is doing: the CPU times bear some of it, the latencies none."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
