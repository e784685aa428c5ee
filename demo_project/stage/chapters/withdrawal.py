"""The withdrawal: what has left cannot be unsent, so it is said, and called back."""

from demo_project.stage.outside import spoken
from demo_project.stage.scene import Scene


def the_claimant_withdraws_while_the_payment_runs(scene: Scene) -> None:
    """The answer is honest about what is outside already."""
    scene.telling.chapter("The claimant withdraws while the payment is on its way")
    scene.world.switch(bank={"fault": "slow", "seconds": 2, "settles": "when_told"})
    claim, payment = scene.approved_claim("Dent in the car", "300.00")
    scene.until("a worker is inside the bank's door", lambda: scene.world.call_in_progress(payment))
    answer = scene.command(scene.claimant, "cancel", claim=claim)
    operation = answer.body["operation"]
    left, undone = ([run["effect"] for run in operation[n]] for n in ("already_sent", "will_undo"))
    scene.telling.say(f"Already sent: {', '.join(left)}. Will be undone: {', '.join(undone)}.")
    scene.promise(
        "The claim is withdrawn at once, and the answer says that the payment has left already and"
        " will be called back.",
        answer.status == 202
        and answer.body["object"]["workflow"]["state"] == "cancelled"
        and (left, undone) == (["pay_out"], ["pay_out"]),
        operation,
    )
    scene.until("the bank has accepted it", lambda: not scene.world.call_in_progress(payment))
    scene.promise(
        "Nothing is called back before anybody knows what became of it.",
        [t["state"] for t in scene.world.transfers(payment)] == ["accepted"],
        scene.world.transfers(payment),
    )
    scene.world.switch(bank={"settles": "settled", "keys": "honoured"})
    scene.world.settle(payment)
    transfers = scene.until("it is called back", lambda: scene.world.recalled(payment))
    scene.telling.say(f"The bank's own records: {spoken(transfers)}")
    entries = scene.timeline(claim)
    scene.promise(
        "The bank confirmed it, and it was called back: the claim stays withdrawn, the money is"
        " back.",
        len(transfers) == 1
        and scene.status(claim)["state"] == "cancelled"
        and not [entry for entry in entries if entry.get("transition") == "settle"],
        [transfers, entries],
    )
