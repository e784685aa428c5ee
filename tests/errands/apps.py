"""The app of errands."""

from django.apps import AppConfig


class ErrandsConfig(AppConfig):
    """``tests.errands``."""

    name = "tests.errands"
    default_auto_field = "django.db.models.BigAutoField"
