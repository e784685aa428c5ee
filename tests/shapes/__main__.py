"""Make the databases of one project, tell its story, remove them; the exit code says the rest."""

import os
import sys
import warnings
from importlib import import_module

import django

SHAPE = sys.argv[1]


def main():
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", "A new version of", UserWarning)
    os.environ["DJANGO_SETTINGS_MODULE"] = f"tests.shapes.{SHAPE}.settings"
    django.setup()

    from django.db import connections
    from django.test.utils import (
        setup_databases,
        setup_test_environment,
        teardown_databases,
        teardown_test_environment,
    )

    setup_test_environment()
    made = setup_databases(verbosity=0, interactive=False)
    try:
        import_module(f"tests.shapes.{SHAPE}.story").tell()
    finally:
        connections.close_all()
        teardown_databases(made, verbosity=0)
        teardown_test_environment()


main()
