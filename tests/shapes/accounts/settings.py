from tests.shapes.settings import *
from tests.shapes.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.shapes.accounts"]
AUTH_USER_MODEL = "shop.User"
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
# A table that is made without migrations is made first, and users refer to groups.
MIGRATION_MODULES = {"shop": None, "auth": None, "contenttypes": None}
