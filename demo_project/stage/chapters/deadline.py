"""The deadline: what a person does not do in time, the system does."""

from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.utils import timezone

from demo_project.claims.models import Claim
from demo_project.claims.workflow import Status
from demo_project.stage.scene import IBAN, Scene
from workflows_app.ops import place

A_DAY = timedelta(hours=24)
LEFT = timedelta(seconds=3)


def the_reviewer_sleeps_for_a_day(scene: Scene) -> None:
    """Nobody waits a day here: a claim is imported that has been with the reviewers since then."""
    scene.telling.chapter("A reviewer has been asleep for a day")
    claim = _imported()
    scene.telling.say(
        "Nobody waits a day for a demo: root imports a claim from the old system that has been"
        f" with the reviewers for 24 hours, less {LEFT.seconds} seconds."
    )
    status = scene.status(claim)
    (deadline,) = status["deadlines"]
    at = timezone.localtime(datetime.fromisoformat(deadline["due"]))
    scene.telling.say(f'Everybody reads: "{status["headline"]}" Deadline: {at:%H:%M:%S}.')
    scene.until("it is escalated", lambda: scene.status(claim)["state"] == "escalated")
    last = scene.timeline(claim)[-1]
    scene.telling.say(last["text"])
    scene.promise(
        "Nobody acted in time, so the system did: the claim is with a senior reviewer, and the"
        " record says why.",
        last["transition"] == "escalate" and last["actor"]["id"] == "system",
        last,
    )


def _imported() -> str:
    people = get_user_model().objects
    claim = Claim(
        claimant=people.get(username="claimant2"), title="Burst pipe", iban=IBAN, documents=1
    )
    place(
        claim,
        Status.REVIEW,
        by=people.get(username="root"),
        reason="From the old system.",
        since=timezone.now() - A_DAY + LEFT,
    )
    return f"/api/v1/claims/{claim.pk}/"
