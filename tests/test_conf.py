"""Settings are read when they are used, and a wrong one is named."""

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from workflows_app.conf import settings as workflow_settings


def test_a_setting_is_read_when_it_is_used(settings):
    settings.WORKFLOWS = {"LEASE": timedelta(seconds=5)}
    assert timedelta(seconds=5) == workflow_settings.LEASE
    settings.WORKFLOWS = {}
    assert timedelta(seconds=60) == workflow_settings.LEASE


def test_no_setting_is_needed(settings):
    del settings.WORKFLOWS
    assert workflow_settings.THREADS == 4


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"LAESE": 1}, r"no setting \['LAESE'\]\. It knows .*'LEASE'"),
        ({"LEASE": 60}, "'LEASE'] is a timedelta, not 60"),
        ({"LEASE": timedelta(0)}, "'LEASE'] is more than nothing"),
    ],
)
def test_a_wrong_setting_is_named(settings, given, fault):
    settings.WORKFLOWS = given
    with pytest.raises(ImproperlyConfigured, match=fault):
        _ = workflow_settings.LEASE
