"""Duplicates that arrive at the same moment are one command."""

import threading

import pytest
from django.db import connection
from rest_framework.test import APIClient

from tests.testapp.views import ParcelViewSet
from workflows_app.models import EffectRun, Operation

pytestmark = pytest.mark.django_db(transaction=True)

DUPLICATES = 8


def at_once(send):
    """What every thread got, all having started together."""
    gate, answers = threading.Barrier(DUPLICATES), []

    def one(number):
        gate.wait(10)
        try:
            answers.append(send(number))
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(number,)) for number in range(DUPLICATES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == DUPLICATES
    return answers


def post(user, address, body, **headers):
    client = APIClient(raise_request_exception=False)
    client.force_authenticate(user)
    return client.post(address, body, format="json", headers=headers)


@pytest.mark.parametrize("number", range(5))
def test_eight_duplicates_are_one_operation_and_seven_replays(packed, clerk, number):
    address = f"/api/v1/parcels/{packed.pk}/ship/"
    headers = {"Idempotency-Key": "one", "If-Match": '"1"'}
    answers = at_once(lambda _: post(clerk, address, {}, **headers))
    assert [a.status_code for a in answers] == [202] * DUPLICATES
    assert len({a.json()["operation"]["id"] for a in answers}) == 1
    assert sum("Idempotent-Replayed" in a.headers for a in answers) == DUPLICATES - 1
    assert Operation.objects.filter(transition="ship").count() == 1
    assert EffectRun.objects.filter(effect="hand_over").count() == 1


def test_eight_duplicates_of_a_creation_create_one_object(sender):
    body = {"title": "books"}
    headers = {"Idempotency-Key": "one"}
    answers = at_once(lambda _: post(sender, "/api/v1/parcels/", body, **headers))
    assert [a.status_code for a in answers] == [201] * DUPLICATES
    assert len({a.headers["Location"] for a in answers}) == 1
    assert sum("Idempotent-Replayed" in a.headers for a in answers) == DUPLICATES - 1
    assert Operation.objects.count() == 1


def test_a_duplicate_that_finds_its_own_columns_taken_hears_the_first_answer(sender, monkeypatch):
    """The first request commits after the second has looked up its key, and takes the title."""
    body, headers = {"title": "only books"}, {"Idempotency-Key": "one"}
    first, new = [], ParcelViewSet.new

    def after_the_first(view, **columns):
        if not first:
            first.append(None)
            first[0] = post(sender, "/api/v1/parcels/", body, **headers)
        return new(view, **columns)

    monkeypatch.setattr(ParcelViewSet, "new", after_the_first)
    second = post(sender, "/api/v1/parcels/", body, **headers)
    assert [first[0].status_code, second.status_code] == [201, 201], second.json()
    assert second.json()["operation"]["id"] == first[0].json()["operation"]["id"]
    assert ["Idempotent-Replayed" in a.headers for a in (first[0], second)] == [False, True]


def test_eight_people_with_one_version_are_one_winner_and_seven_who_are_stale(packed, clerk):
    address = f"/api/v1/parcels/{packed.pk}/cover/"
    answers = at_once(
        lambda n: post(clerk, address, {}, **{"Idempotency-Key": f"k{n}", "If-Match": '"1"'})
    )
    assert sorted(a.status_code for a in answers) == [202] + [412] * (DUPLICATES - 1)
    stale = [a.json()["current"]["version"] for a in answers if a.status_code == 412]
    assert stale == [2] * (DUPLICATES - 1)
