from django.test import override_settings

from tests.shapes import road
from tests.shapes.replicas.models import Order
from workflows_app import ProtectedState
from workflows_app.engine import execute
from workflows_app.models import Operation


def tell():
    assert road.faults() == set()
    with override_settings(DATABASE_ROUTERS=["tests.shapes.replicas.routing.FromTheReplica"]):
        assert road.faults() == {"workflows_app.W065"}
    walk = road.Road(**road.people())
    walk.walk()
    assert not Order.objects.exists(), "a list of the project's own reads the replica"
    an_object_that_was_read_from_the_replica(walk)


def an_object_that_was_read_from_the_replica(walk):
    """Its commands run where things are true, and nothing is ever written to a replica."""
    pk, _ = walk.order("a mirror")
    copied_from_the_primary = road.stored(pk)
    copied_from_the_primary._state.db = "replica"
    execute(copied_from_the_primary.send, by=walk.clerk)
    assert copied_from_the_primary.version == road.stored(pk).version == 1
    copied_from_the_primary.refresh_from_db()
    assert copied_from_the_primary.version == 1
    copied_from_the_primary.title = "another mirror"
    copied_from_the_primary.save()
    assert road.stored(pk).title == "another mirror"
    for write in (copied_from_the_primary.save, Order(title="x", buyer=walk.buyer).save):
        try:
            write(using="replica")
        except ProtectedState as refusal:
            assert "'replica'" in str(refusal)
        else:
            raise AssertionError("a workflow object was written to the replica")
    assert not Operation.objects.using("replica").exists()
