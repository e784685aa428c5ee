"""The app that brings ``manage.py demo`` and the front page."""

from django.apps import AppConfig


class StageConfig(AppConfig):
    """``demo_project.stage``."""

    name = "demo_project.stage"
