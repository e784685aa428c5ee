"""Settings of a worker in processes of its own: the suite's, a short lease, the world it calls."""

import os
from datetime import timedelta

from tests.chaos.lease import LEASE
from tests.settings import *  # noqa: F403

BANK_URL = os.environ["CHAOS_BANK_URL"]
MAIL_URL = os.environ["CHAOS_MAIL_URL"]
STOP_WITHIN = timedelta(seconds=float(os.environ.get("CHAOS_STOP_SECONDS", "30")))

WORKFLOWS = {"LEASE": LEASE, "SWEEP_EVERY": timedelta(seconds=0.5), "STOP_WITHIN": STOP_WITHIN}

# Only the demo's claims: the contracts of the test app need a longer lease, and some are wrong.
INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "tests.testapp"]  # noqa: F405
INSTALLED_APPS += ["tests.chaos"]

# A worker serves no pages.
ROOT_URLCONF = "tests.chaos.settings"
urlpatterns = []
