"""Settings of a process of one release: WAREHOUSE_RELEASE names its folder."""

import os
import sys
from datetime import timedelta
from pathlib import Path

from tests.settings import *  # noqa: F403

sys.path.insert(0, str(Path(__file__).parent / os.environ["WAREHOUSE_RELEASE"]))

ONLY_OF_THE_SUITE = ("tests.testapp", "demo_project.claims")
INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in ONLY_OF_THE_SUITE]  # noqa: F405
INSTALLED_APPS += ["tests.releases.warehouse"]

WORKFLOWS = {"SWEEP_EVERY": timedelta(seconds=0.2)}

ROOT_URLCONF = "tests.releases.settings"
urlpatterns = []
