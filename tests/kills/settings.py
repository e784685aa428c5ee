"""Settings of a worker in processes of its own: the suite's, a short lease, the world it calls."""

import os
from datetime import timedelta

from tests.kills.lease import LEASE
from tests.settings import *
from tests.settings import INSTALLED_APPS

BANK_URL = os.environ["KILLS_BANK_URL"]
MAIL_URL = os.environ["KILLS_MAIL_URL"]
STOP_WITHIN = timedelta(seconds=float(os.environ.get("KILLS_STOP_SECONDS", "30")))

WORKFLOWS = {"LEASE": LEASE, "SWEEP_EVERY": timedelta(seconds=0.5), "STOP_WITHIN": STOP_WITHIN}

# Only the payments: the contracts of the test app need a longer lease, and some are wrong.
OURS = ("tests.", "demo_project.")
INSTALLED_APPS = [app for app in INSTALLED_APPS if not app.startswith(OURS)]
INSTALLED_APPS += ["tests.kills"]

# A worker serves no pages.
ROOT_URLCONF = "tests.kills.settings"
urlpatterns = []
