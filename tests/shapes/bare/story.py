from tests.shapes import road
from tests.shapes.bare.models import Order, User
from workflows_app import Forbidden
from workflows_app.ops.place import place


def tell():
    assert road.faults() == set()
    long = f": é/{'x' * 120}"
    made = {name: User.objects.create(name=name + long) for name in ("buyer", "stranger")}
    clerk = User.objects.create(name="clerk", handles_orders=True)
    road.Road(clerk=clerk, **made).walk()
    operators_need_permissions(clerk)


def operators_need_permissions(clerk):
    """Who has no permissions is refused, and not with an AttributeError."""
    try:
        place(Order(title="old", buyer=clerk), "sent", by=clerk, reason="import")
    except Forbidden:
        return
    raise AssertionError("somebody without permissions placed an object")
