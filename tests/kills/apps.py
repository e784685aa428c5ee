"""What makes the worker that is killed slow enough to be caught."""

import time

from django.apps import AppConfig
from django.db.models.signals import post_init

LOADING_SECONDS = 0.02


class KillsConfig(AppConfig):
    """Payments take their time to load: so long a run stays claimed before its handler begins."""

    name = "tests.kills"

    def ready(self):
        post_init.connect(load_slowly, sender="kills.Payment")


def load_slowly(**_signal):
    time.sleep(LOADING_SECONDS)
