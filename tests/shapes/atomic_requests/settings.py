from tests.shapes.settings import *  # noqa: F403
from tests.shapes.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.shapes.atomic_requests"]
DATABASES = {"default": DATABASES["default"] | {"ATOMIC_REQUESTS": True}}
