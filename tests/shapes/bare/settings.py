from tests.shapes.settings import *
from tests.shapes.settings import INSTALLED_APPS

INSTALLED_APPS = [
    *(app for app in INSTALLED_APPS if app != "django.contrib.admin"),
    "tests.shapes.bare",
]
AUTH_USER_MODEL = "shop.User"
