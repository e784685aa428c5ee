from tests.shapes.settings import *
from tests.shapes.settings import INSTALLED_APPS

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "tests.shapes.habits",
]
# A table that is made without migrations is made first, and notes refer to content types.
MIGRATION_MODULES = {"shop": None, "auth": None, "contenttypes": None}
