"""The confirmation: the bank says it twice, and before we know that it took the transfer."""

from demo_project.stage.scene import Scene


def the_confirmation_comes_twice_and_early(scene: Scene) -> None:
    """A message is kept until it can be understood, and counts once."""
    scene.telling.chapter("The bank confirms twice, and before it has answered the transfer")
    scene.world.switch(bank={"early": True, "times": 2})
    claim, payment = scene.approved_claim("Hail on the greenhouse", "120.00")
    scene.until("the claim is paid", lambda: scene.status(claim)["state"] == "paid")
    messages = scene.world.messages(payment)
    for message in messages:
        name, says = message["message"], message["state"]
        scene.telling.say(f"The bank: {name} says {says}. We answer {message['status']}.")
    scene.promise(
        "Both came before the bank's own answer, were kept, and were understood as soon as the"
        " answer was on record.",
        len(messages) == 2
        and len({message["message"] for message in messages}) == 1
        and all(message["heard"] for message in messages),
        messages,
    )
    entries = scene.timeline(claim)
    settled = [entry for entry in entries if entry.get("transition") == "settle"]
    transfers = scene.world.transfers(payment)
    scene.promise(
        "Twice is once: one transfer, settled by one operation.",
        len(settled) == 1 and [(t["state"], t["calls"]) for t in transfers] == [("settled", 1)],
        [settled, transfers],
    )
    scene.world.switch(bank={"early": False, "times": 1})
