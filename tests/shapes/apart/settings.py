from tests.shapes.settings import *
from tests.shapes.settings import DATABASES, INSTALLED_APPS, another

INSTALLED_APPS = [*INSTALLED_APPS, "tests.shapes.apart"]
DATABASES = {**DATABASES, "flow": another("flow")}
DATABASE_ROUTERS = ["tests.shapes.apart.routing.Apart"]
