"""Commands: accepted once, refused with reasons, and never on what was seen too long ago."""

from demo_project.stage.client import state_in
from demo_project.stage.scene import Scene, new_key


def a_claim_is_handed_in(scene: Scene) -> None:
    """The first claim, and the first receipt."""
    scene.telling.chapter("A claim is handed in")
    scene.claim = scene.new_claim(scene.claimant, "Storm damage to the roof")
    scene.key = new_key()
    answer = scene.first = scene.command(scene.claimant, "submit", key=scene.key)
    scene.promise(
        "The command answers with its receipt and the new state.",
        answer.status == 200 and state_in(answer) == "review",
        answer.body,
    )


def the_same_request_comes_again(scene: Scene) -> None:
    """The same key is the same operation."""
    scene.telling.chapter("The network hiccups, and the same request comes again")
    again = scene.command(scene.claimant, "submit", key=scene.key)
    scene.promise(
        "The same key is the same operation; nothing is done twice.",
        again.status == scene.first.status
        and again.body["operation"]["id"] == scene.first.body["operation"]["id"]
        and again.headers["Idempotent-Replayed"] == "true"
        and again.body["object"]["workflow"]["version"] == 1,
        again.body,
    )


def the_claimant_may_not_approve(scene: Scene) -> None:
    """Not everybody may do everything."""
    scene.telling.chapter("The claimant tries to approve the claim")
    answer = scene.command(scene.claimant, "approve", {"payout": "840.00"})
    scene.promise(
        "It is refused, and the answer says who may.",
        answer.status == 403 and "a reviewer" in answer.body["detail"],
        answer.body,
    )


def a_client_is_too_late(scene: Scene) -> None:
    """A version that was seen earlier is not the present one."""
    scene.telling.chapter("Two windows show the same claim")
    scene.world.switch(mail=None)
    scene.telling.say("The reviewer has another claim open in two windows.")
    other = scene.new_claim(scene.claimant2, "Bicycle stolen")
    scene.command(scene.claimant2, "submit", claim=other)
    seen = scene.reviewer.get(other).headers["ETag"]
    scene.command(scene.reviewer, "escalate", claim=other)
    late = scene.command(
        scene.reviewer, "approve", {"payout": "300.00"}, claim=other, if_match=seen
    )
    current = late.body.get("current", {})
    scene.promise(
        "Who acts on what he saw earlier gets 412, with the claim as it is now and what he may do.",
        late.status == 412
        and current["state"] == "escalated"
        and "approve" in [action["name"] for action in current["actions"]],
        late.body,
    )
