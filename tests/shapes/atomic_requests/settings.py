from tests.shapes.settings import *
from tests.shapes.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.shapes.atomic_requests"]
DATABASES = {"default": DATABASES["default"] | {"ATOMIC_REQUESTS": True}}
