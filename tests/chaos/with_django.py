"""`python -m tests.chaos.with_django MODULE ARGUMENTS`: its main(), once Django is set up."""

import importlib
import sys

import django

if __name__ == "__main__":
    django.setup()
    importlib.import_module(sys.argv[1]).main(*sys.argv[2:])
