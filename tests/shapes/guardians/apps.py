from django.apps import AppConfig


class Shop(AppConfig):
    name = "tests.shapes.guardians"
    label = "shop"
