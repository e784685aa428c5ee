from tests.shapes.settings import *
from tests.shapes.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "guardian", "tests.shapes.guardians"]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "tests.shapes.guardians.backends.Denying",
    "guardian.backends.ObjectPermissionBackend",
]
WORKFLOWS = {"OBJECT_PERMISSIONS": "tests.shapes.guardians.backends.permitted"}
