from django.apps import AppConfig


class Shop(AppConfig):
    name = "tests.shapes.atomic_requests"
    label = "shop"
