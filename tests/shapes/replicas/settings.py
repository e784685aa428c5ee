from tests.shapes.settings import *
from tests.shapes.settings import DATABASES, INSTALLED_APPS, another

INSTALLED_APPS = [*INSTALLED_APPS, "tests.shapes.replicas"]
DATABASES = {**DATABASES, "replica": another("replica")}
DATABASE_ROUTERS = [
    "workflows_app.routers.ReadYourWrites",
    "tests.shapes.replicas.routing.FromTheReplica",
]
