"""The app of orders."""

from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """``tests.orders``."""

    name = "tests.orders"
    default_auto_field = "django.db.models.BigAutoField"
