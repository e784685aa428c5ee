from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.db.models.signals import post_save, pre_save

from tests.shapes import road
from tests.shapes.habits.models import Careless, Counted, Note, Order, Tag, Tagging, and_one
from workflows_app import SYSTEM, Invalid, Refused
from workflows_app.engine import execute
from workflows_app.failures import ContractError
from workflows_app.models import Operation


def tell():
    assert road.faults() == set()
    walk = road.Road(**road.people())
    walk.walk()
    everything_is_in_the_answer(walk)
    hidden_rows_obey_too(walk)
    a_save_that_validates_refuses(walk)
    a_save_that_does_not_write_is_an_error(walk)
    receivers(walk)


def everything_is_in_the_answer(walk):
    """What save() and the database add is in the answer, and in what is read after it."""
    pk, url = walk.order("A BIG Order")
    order = road.stored(pk)
    Tagging.objects.create(order=order, tag=Tag.objects.create(name="urgent"))
    Note.objects.create(about=order, text="by the door")
    sent = road.post(walk.clerk, f"{url}send/").json()["object"]
    assert (sent["slug"], sent["region"], sent["lower"]) == ("a-big-order", "north", "a big order")
    with moving("title", "An Even BIGGER Order"):
        execute(order.arrive, by=SYSTEM)
    assert order.lower == "an even bigger order"
    assert order.history.first().title == "An Even BIGGER Order"
    order.full_clean(exclude=["lower"])


@contextmanager
def moving(column, value):
    """A receiver that fills in a column before each save."""

    def fill(sender, instance, **kwargs):
        setattr(instance, column, value)

    with connected(pre_save, Order, fill):
        yield


@contextmanager
def connected(signal, sender, receiver):
    signal.connect(receiver, sender=sender, weak=False)
    try:
        yield
    finally:
        assert signal.disconnect(receiver, sender=sender)


def hidden_rows_obey_too(walk):
    """The default manager hides a row from lists, not from its commands and follow-ups."""
    pk, _ = walk.order("out of sight")
    hidden = road.stored(pk)
    hidden.hidden = True
    hidden.save()
    assert not Order.objects.filter(pk=pk).exists()
    execute(hidden.send, by=walk.clerk)
    road.drain()
    assert road.stored(pk).status == "sent"


def a_save_that_validates_refuses(walk):
    """full_clean() in save() is a refusal of the command: 422, and nothing is kept."""
    walk.order("taken")
    for title in ("forbidden", "taken", "Taken!"):
        refused = road.post(walk.buyer, "/api/v1/orders/", {"title": title})
        assert refused.status_code == 422, refused.content
        assert refused.json()["errors"]
    assert not Order._base_manager.filter(title="forbidden").exists()


def a_save_that_does_not_write_is_an_error(walk):
    """An operation without its row would be a lie, so the command fails and leaves none."""
    for title in ("skipped", "in part"):
        order = Careless.objects.create(title=title, buyer=walk.buyer)
        try:
            execute(order.send, by=walk.clerk)
        except ContractError as error:
            assert "super().save(**kwargs)" in str(error)
        else:
            raise AssertionError(f"save() {title}: accepted")
        assert Operation.objects.of("shop.careless", str(order.pk)).count() == 1
        assert Careless.objects.get(pk=order.pk).version == 0
    try:
        execute(Careless.order, by=walk.buyer, data={"title": "never"})
    except ContractError as error:
        assert "super().save(**kwargs)" in str(error)
    else:
        raise AssertionError("created, and there is no row")
    assert not Careless.objects.filter(title="never").exists()


def receivers(walk):
    """Others may look, count, save again, go on and refuse; the answer is what is true then."""
    order = Counted.objects.create(title="watched", buyer=walk.buyer)

    def save_again(sender, instance, **kwargs):
        if not instance.title.endswith("!"):
            instance.title += "!"
            instance.save()

    def go_on(sender, instance, **kwargs):
        row = Counted.objects.get(pk=instance.pk)
        if row.status == "sending":
            execute(row.arrive, by=SYSTEM)

    def refuse(sender, instance, **kwargs):
        raise Refused("Not on a Sunday.")

    def find_fault(sender, instance, **kwargs):
        raise ValidationError({"title": "It is too watched."})

    def count(sender, instance, **kwargs):
        and_one(instance)

    for refusing, kind in ((refuse, Refused), (find_fault, Invalid)):
        with connected(post_save, Counted, refusing):
            try:
                execute(order.send, by=walk.clerk)
            except kind:
                assert Counted.objects.get(pk=order.pk).version == order.version == 0
            else:
                raise AssertionError("the receiver was not heard")
    with (
        connected(post_save, Counted, save_again),
        connected(post_save, Counted, count),
        connected(post_save, Counted, go_on),
    ):
        execute(order.send, by=walk.clerk)
    assert (order.status, order.version, order.title) == ("sent", 2, "watched!")
    row = Counted.objects.get(pk=order.pk)
    assert (row.status, row.version, row.title) == ("sent", 2, "watched!")
    assert row.looked_at >= 2
    told = Operation.objects.of("shop.counted", str(order.pk))
    assert [one.transition for one in told] == ["create", "send", "arrive"]
