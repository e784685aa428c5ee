"""Protection holds in every thread, however often another thread refreshes."""

import threading
import time

import pytest
from django.db import connection

from tests.testapp.models import Parcel

AT_LEAST_SECONDS, AT_MOST_SECONDS = 1.5, 25
ENOUGH = 50


@pytest.mark.django_db(transaction=True)
def test_refreshing_threads_open_no_door_for_assigning_threads(django_user_model):
    user = django_user_model.objects.create_user("sender")
    parcels = [Parcel.objects.create(sender=user, title=str(n)) for n in range(4)]
    began = time.monotonic()
    broken, passed, counts = [], [], {"refreshed": 0, "refused": 0}

    def going_on():
        seconds = time.monotonic() - began
        few = min(counts.values()) < ENOUGH
        return seconds < (AT_MOST_SECONDS if few else AT_LEAST_SECONDS)

    def refresh(parcel):
        while going_on():
            try:
                parcel.refresh_from_db()
                counts["refreshed"] += 1
            except AttributeError as error:
                broken.append(error)
        connection.close()

    def assign(parcel):
        while going_on():
            try:
                parcel.status = "arrived"
            except AttributeError:
                counts["refused"] += 1
            else:
                passed.append(parcel)

    run_all(
        [threading.Thread(target=refresh, args=(one,)) for one in parcels]
        + [threading.Thread(target=assign, args=(one,)) for one in parcels]
    )
    assert (broken, passed) == ([], [])
    assert min(counts.values()) >= ENOUGH


@pytest.mark.django_db
def test_refreshing_a_row_that_is_gone_leaves_protection_on(django_user_model):
    parcel = Parcel.objects.create(sender=django_user_model.objects.create_user("sender"))
    parcel.pk = 0
    with pytest.raises(Parcel.DoesNotExist):
        parcel.refresh_from_db()
    with pytest.raises(AttributeError):
        parcel.status = "arrived"


def run_all(threads):
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert not any(thread.is_alive() for thread in threads)
