"""The database's clock is asked in SQL."""

from datetime import timedelta

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from workflows_app.models.clock import DatabaseNow, database_now

pytestmark = pytest.mark.django_db
A_MOMENT = timedelta(seconds=5)


def test_the_database_says_what_time_it_is():
    now = ContentType.objects.values_list(DatabaseNow(), flat=True).first()
    assert abs(now - database_now("default")) < A_MOMENT
    assert abs(now - timezone.now()) < A_MOMENT


def test_a_query_with_the_clock_can_be_logged_as_debug_does():
    later = ContentType.objects.filter(pk__gt=0).annotate(soon=DatabaseNow() + A_MOMENT)
    with CaptureQueriesContext(
        connection,
    ) as logged:
        assert later.first().soon > timezone.now()
    assert any(clock in logged[0]["sql"] for clock in ("NOW", "CLOCK", "UTC_TIMESTAMP"))
