from tests.shapes.settings import *  # noqa: F403
from tests.shapes.settings import INSTALLED_APPS

INSTALLED_APPS = [
    *(app for app in INSTALLED_APPS if app != "django.contrib.admin"),
    "tests.shapes.bare",
]
AUTH_USER_MODEL = "shop.User"
