"""The app of the trips."""

from django.apps import AppConfig


class TripsConfig(AppConfig):
    """Its tables are made without migrations: nothing of it outlives a run."""

    name = "tests.chaos.trips"
    default_auto_field = "django.db.models.BigAutoField"
