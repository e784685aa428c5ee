from tests.shapes.contract import order_workflow
from tests.shapes.plain_order import PlainOrder
from workflows_app import Role

clerk = Role("a clerk", "shop.handle_order")
auditor = Role("an auditor", "auth.view_group")


class Order(order_workflow(clerk | auditor), PlainOrder):
    pass
