"""The tickets as an app."""

from django.apps import AppConfig


class TicketsConfig(AppConfig):
    name = "tests.bench.tickets"
    label = "tickets"
    default_auto_field = "django.db.models.BigAutoField"
