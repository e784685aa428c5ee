from tests.shapes.settings import *  # noqa: F403
from tests.shapes.settings import INSTALLED_APPS

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "tests.shapes.habits",
]
# A table that is made without migrations is made first, and notes refer to content types.
MIGRATION_MODULES = {"shop": None, "auth": None, "contenttypes": None}
