"""Settings of a worker whose django-q2 broker is Redis; otherwise those of the killed worker."""

import os

from tests.kills.settings import *

CLUSTER = os.environ["WORKFLOWS_TEST_CLUSTER"]
Q_CLUSTER = {
    "name": CLUSTER,
    "redis": os.environ["WORKFLOWS_TEST_REDIS"],
    "workers": 2,
    "timeout": 60,
    "retry": 90,
    "save_limit": -1,
    "catch_up": False,
}
