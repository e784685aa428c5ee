from django.apps import AppConfig


class Shop(AppConfig):
    name = "tests.shapes.habits"
    label = "shop"
