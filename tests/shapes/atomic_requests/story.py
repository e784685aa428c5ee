from concurrent.futures import ThreadPoolExecutor

from django.db import connection, connections
from django.http import HttpResponse
from django.test import Client
from django.urls import path

from tests.shapes import road, urls
from tests.shapes.atomic_requests.models import Order
from workflows_app.engine import execute
from workflows_app.models import EffectRun, Operation

AT_ONCE = 6


def tell():
    assert road.faults() == set()
    walk = road.Road(**road.people())
    walk.walk()
    parallel_duplicates_are_one_command(walk)
    a_view_of_the_project_is_one_transaction(walk)


def parallel_duplicates_are_one_command(walk):
    """Neither an IntegrityError nor a second order, and no request waits in vain."""
    pk, url = walk.order("a shelf")
    under, ordered = road.key(), road.key()

    def send(_):
        try:
            ordering = road.post(walk.buyer, "/api/v1/orders/", {"title": "x"}, under=ordered)
            return road.post(walk.clerk, f"{url}send/", under=under), ordering
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(send, range(AT_ONCE)))
    for number, status in ((0, 202), (1, 201)):
        mine = [both[number] for both in answers]
        assert {one.status_code for one in mine} == {status}, [one.content for one in mine]
        assert len({one.json()["operation"]["id"] for one in mine}) == 1
        assert sum("Idempotent-Replayed" not in one.headers for one in mine) == 1


def a_view_of_the_project_is_one_transaction(walk):
    """What it executes is a part of its request: an error undoes it, and no worker has seen it."""
    pk, _ = walk.order("a bed")
    urls.urlpatterns += [path("theirs/<int:pk>/<str:how>/", theirs)]
    pages = Client(raise_request_exception=False)
    before = Operation.objects.count()
    assert pages.get(f"/theirs/{pk}/crash/").status_code == 500
    assert Operation.objects.count() == before
    assert not EffectRun.objects.filter(object_id=pk).exists()
    assert road.stored(pk).status == "new"
    assert pages.get(f"/theirs/{pk}/well/").content == b"sending"
    assert EffectRun.objects.filter(object_id=pk).count() == 1


def theirs(request, pk, how):
    assert connection.in_atomic_block
    order = Order.objects.get(pk=pk)
    execute(order.send, by=clerk())
    if how == "crash":
        raise ValueError("the project's own mistake")
    return HttpResponse(order.status)


def clerk():
    from django.contrib.auth import get_user_model

    return get_user_model().objects.get(username="clerk")
