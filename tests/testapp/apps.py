"""The test app."""

from django.apps import AppConfig


class TestappConfig(AppConfig):
    """``tests.testapp``."""

    name = "tests.testapp"
    default_auto_field = "django.db.models.BigAutoField"
