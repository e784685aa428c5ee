"""The probe: healthy when somebody works and nothing is late, and in plain words what is not."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from workflows_app.models import EffectRun, WorkerBeat, guard

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def beat():
    return WorkerBeat.objects.create(host="here", pid=1)


def probe(capsys, **options):
    """Exit code, and what was said."""
    try:
        call_command("workflows_health", **options)
    except SystemExit as end:
        return end.code, "".join(capsys.readouterr())
    return 0, "".join(capsys.readouterr())


def test_it_is_well_when_a_worker_beats_and_nothing_is_due(beat, capsys):
    code, said = probe(capsys)
    assert code == 0
    assert "nothing is late" in said


def test_nobody_working_is_unwell_and_says_what_to_start(capsys):
    code, said = probe(capsys)
    assert code == 1
    assert "workflows_worker" in said


def test_a_silent_worker_is_unwell(beat, capsys):
    WorkerBeat.objects.update(beat_at=timezone.now() - timedelta(minutes=10))
    assert probe(capsys) == (
        1,
        "Last heartbeat: 10 minutes ago; nothing is late.\n"
        "No worker was heard of for 10 minutes.\n",
    )
    assert probe(capsys, max_beat=3600)[0] == 0


def test_w22_a_stock_cluster_that_stands_still_is_unwell(beat, shipping, capsys):
    EffectRun.objects.update(due=timezone.now() - timedelta(hours=5))
    code, said = probe(capsys)
    assert code == 1
    assert "The oldest due effect is 5 hours late." in said
    assert probe(capsys, max_lag=6 * 3600)[0] == 0


def test_work_that_is_due_later_is_not_late(beat, shipping, capsys):
    EffectRun.objects.update(due=timezone.now() + timedelta(hours=5))
    assert probe(capsys)[0] == 0


def test_the_worker_refuses_to_start_without_the_guard():
    guard.lift("default")
    try:
        with pytest.raises(CommandError, match="migrate"):
            call_command("workflows_worker", skip_checks=True)
    finally:
        guard.install("default")
