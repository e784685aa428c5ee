"""Settings of the benchmarks: the demo's claims, the baseline beside them, connections kept."""

from tests.settings import *
from tests.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [
    *[name for name in INSTALLED_APPS if name != "tests.testapp"],
    "tests.bench.baseline",
    "tests.bench.tickets",
]
DATABASES["default"]["CONN_MAX_AGE"] = None
ROOT_URLCONF = "tests.bench.urls"
