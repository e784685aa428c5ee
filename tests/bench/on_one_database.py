"""The benchmarks on the database that the settings name; `tests.bench` starts one for each."""

import sys
from contextlib import contextmanager
from importlib import import_module

import django
from django.db import connection

BENCHMARKS = ["command_cost", "start_latency", "drain_speed", "claim_growth"]


def main(chosen):
    """The exit code: 0 if every limit held."""
    django.setup()
    verdicts = [measured(name) for name in chosen or BENCHMARKS]
    return 0 if all(verdicts) else 1


def measured(name):
    """Each in a database of its own: what one leaves to do, the next one's worker would do."""
    benchmark = import_module(f"tests.bench.{name}")  # only now: it imports models
    with a_new_database():
        holds = benchmark.measure()
    print(flush=True)
    return holds


@contextmanager
def a_new_database():
    name_before = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(name_before, verbosity=0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
