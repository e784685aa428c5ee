"""What the projects have in common: the suite's settings without its apps."""

import json
import os

from tests.settings import *
from tests.settings import (  # what ruff must know by name
    CHOSEN_DATABASE,
    DATABASES,
    INSTALLED_APPS,
    database,
)

#: The databases that a parent process has made, by alias: a worker joins its story.
NAMES = json.loads(os.environ.get("SHAPES_DATABASES", "{}"))

# The contracts of the suite's other apps mean Django's own user, and some are wrong.
OTHERS = ("tests.", "demo_project.")
INSTALLED_APPS = [app for app in INSTALLED_APPS if not app.startswith(OTHERS)]
MIGRATION_MODULES = {"shop": None}
ROOT_URLCONF = "tests.shapes.urls"
MEDIA_ROOT = "/nowhere"


def named(alias, settings):
    """A database, under its parent's name if there is one."""
    if alias in NAMES:
        return settings | {"NAME": NAMES[alias]}
    return settings


def another(alias):
    """A second database of the same kind."""
    settings = database(CHOSEN_DATABASE)
    if CHOSEN_DATABASE != "sqlite":
        settings["TEST"] = {"NAME": f"{settings['TEST']['NAME']}_{alias}"}
    return named(alias, settings)


DATABASES = {"default": named("default", DATABASES["default"])}
