"""The claims app."""

from django.apps import AppConfig


class ClaimsConfig(AppConfig):
    """``demo_project.claims``."""

    name = "demo_project.claims"
    default_auto_field = "django.db.models.BigAutoField"
