"""The baseline as an app of its own."""

from django.apps import AppConfig


class BaselineConfig(AppConfig):
    name = "tests.bench.baseline"
    label = "baseline"
    default_auto_field = "django.db.models.BigAutoField"
