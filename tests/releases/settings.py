"""Settings of a process of one release: WAREHOUSE_RELEASE names its folder."""

import os
import sys
from datetime import timedelta
from pathlib import Path

from tests.settings import *
from tests.settings import INSTALLED_APPS

sys.path.insert(0, str(Path(__file__).parent / os.environ["WAREHOUSE_RELEASE"]))

# Only the warehouse: the contracts of the suite's other apps are not deployed here.
OTHERS = ("tests.", "demo_project.")
INSTALLED_APPS = [app for app in INSTALLED_APPS if not app.startswith(OTHERS)]
INSTALLED_APPS += ["tests.releases.warehouse"]

WORKFLOWS = {"SWEEP_EVERY": timedelta(seconds=0.2)}

ROOT_URLCONF = "tests.releases.settings"
urlpatterns = []
