import json
import os

from django.core.management import call_command
from django.db import connections

from tests.cluster_members import wait_until
from tests.shapes import road
from tests.worker_process import running_worker
from workflows_app.models import EffectRun, Operation


def tell():
    assert road.faults() == set()
    only_there()
    walk = road.Road(**road.people())
    walk.walk()
    a_real_worker(walk)


def only_there():
    tables = {using: set(connections[using].introspection.table_names()) for using in connections}
    assert {"shop_order", "shop_historicalorder", "workflows_app_operation"} <= tables["flow"]
    assert "auth_user" in tables["default"]
    assert not {"shop_order", "workflows_app_operation"} & tables["default"]
    assert Operation.objects.db == "flow"


def a_real_worker(walk):
    """It finds work in its own database; the broker of django-q2 has the default one."""
    names = {using: str(connections[using].settings_dict["NAME"]) for using in connections}
    environment = os.environ | {"SHAPES_DATABASES": json.dumps(names)}
    pk, url = walk.order("a stool")
    with running_worker(environment, workers=1) as worker:
        assert road.post(walk.clerk, f"{url}send/").status_code == 202
        wait_until(lambda: road.stored(pk).status == "sent", "the worker has sent it", 20)
        call_command("workflows_health", stdout=road._Nowhere())
        assert worker.stop() == 0
    assert not EffectRun.objects.open().exists()
