from tests.shapes.contract import order_workflow
from tests.shapes.plain_order import PlainOrder
from workflows_app import Role


class Order(order_workflow(Role("a clerk", "shop.handle_order")), PlainOrder):
    pass
