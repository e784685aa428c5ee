from django.db import models

from tests.shapes.contract import order_workflow
from tests.shapes.plain_order import PlainOrder
from workflows_app import Role, guard


@guard("nothing_in_it", "Put something into it first.", reads=True)
def has_lines(order):
    return order.lines.exists()


class Order(order_workflow(Role("a clerk", "shop.handle_order"), [has_lines]), PlainOrder):
    def save(self, **kwargs):
        is_new = self._state.adding
        super().save(**kwargs)
        if is_new:
            self.lines.create(what="a thing")


class Line(models.Model):
    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    what = models.CharField(max_length=40)

    def __str__(self):
        return self.what
