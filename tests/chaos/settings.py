"""Settings of everybody in the chaos: the suite's, with pauses so short that much can happen."""

from datetime import timedelta

from tests.chaos.postman import SECRET
from tests.settings import *
from tests.settings import INSTALLED_APPS

WORKFLOWS = {
    "LEASE": timedelta(seconds=4),
    "SWEEP_EVERY": timedelta(seconds=0.5),
    "STOP_WITHIN": timedelta(seconds=10),
    "INBOX": {"bank": {"secrets": [SECRET]}},
}

# Only the trips: the contracts of the other apps need a longer lease, and some are wrong.
OTHERS = ("tests.", "demo_project.")
INSTALLED_APPS = [app for app in INSTALLED_APPS if not app.startswith(OTHERS)]
INSTALLED_APPS += ["tests.chaos.trips"]

ROOT_URLCONF = "tests.chaos.urls"
