"""A scene: what every chapter of the story uses to act, to look and to wait."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from .client import Answer, Client
from .outside import Outside
from .processes import Stage
from .telling import BrokenPromise, Telling

LONGEST_WAIT = 45.0  # seconds
LOOK_EVERY = 0.1  # seconds
IBAN = "DE02120300000000202051"


class Scene:
    """The people, the claim the story is about, and the world outside."""

    def __init__(self, stage: Stage, telling: Telling) -> None:
        self.stage, self.telling = stage, telling
        self.claimant = Client(stage.site, "claimant")
        self.claimant2 = Client(stage.site, "claimant2")
        self.reviewer = Client(stage.site, "reviewer")
        self.world = Outside(stage.outside)
        self.claim = ""  # its path
        self.key = ""  # of the command that handed it in
        self.first: Answer  # to that command
        self.payment = ""  # the key under which the bank is asked

    def promise(self, words: str, held: Any, seen: Any) -> None:
        """Say whether a promise held."""
        self.telling.promise(words, bool(held), seen)

    def new_claim(self, who: Client, title: str) -> str:
        """Create a claim; its path."""
        data = {"title": title, "iban": IBAN, "documents": 2}
        answer = who.post("/api/v1/claims/", data, key=new_key())
        self.tell(f"{who.name}: POST /api/v1/claims/", answer)
        if answer.status != 201:
            raise BrokenPromise(f"The claim was not created: {answer.body}")
        return f"/api/v1/claims/{answer.body['object']['id']}/"

    def command(
        self,
        who: Client,
        transition: str,
        data: Any = None,
        *,
        claim: str = "",
        key: str = "",
        if_match: str | None = None,
    ) -> Answer:
        """Send a command, and tell what came back."""
        path = f"{claim or self.claim}{transition}/"
        answer = who.post(path, data or {}, key=key or new_key(), if_match=if_match)
        self.tell(f"{who.name}: POST {path} {json.dumps(data) if data else ''}".rstrip(), answer)
        return answer

    def tell(self, request: str, answer: Answer) -> None:
        """Tell a request and what came back."""
        replayed = ", replayed" if answer.headers["Idempotent-Replayed"] else ""
        if answer.status < 400:
            document = answer.body["object"]["workflow"]
            operation = answer.body["operation"]["id"]
            text = f"{document['label']}. Operation {operation}{replayed}"
        else:
            text = answer.body["detail"]
        self.telling.answer(request, answer.status, text)

    def approved_claim(self, title: str, payout: str) -> tuple[str, str]:
        """A claim that was handed in and approved a moment ago; its path, its payment's key."""
        claim = self.new_claim(self.claimant, title)
        self.command(self.claimant, "submit", claim=claim)
        approval = self.command(self.reviewer, "approve", {"payout": payout}, claim=claim)
        return claim, payment_in(approval)

    def status(self, claim: str = "") -> dict[str, Any]:
        """The claim's status document."""
        document: dict[str, Any] = self.reviewer.get(claim or self.claim).body["workflow"]
        return document

    def status_if(self, *phases: str) -> Any:
        """The status document, if it says one of these phases."""
        status = self.status()
        return status if status["phase"] in phases else None

    def timeline(self, claim: str = "") -> list[Any]:
        """What happened to the claim, oldest first."""
        entries: list[Any] = self.reviewer.get(f"{claim or self.claim}timeline/").body["results"]
        return entries

    def until(self, what: str, question: Callable[[], Any]) -> Any:
        """Wait until the question has an answer. Raises BrokenPromise when none comes."""
        ends = time.monotonic() + LONGEST_WAIT
        while time.monotonic() < ends:
            if answer := question():
                return answer
            time.sleep(LOOK_EVERY)
        raise BrokenPromise(f"Waited {LONGEST_WAIT:.0f} s in vain until {what}: {self.status()}")


def payment_in(approval: Answer) -> str:
    """The key under which the bank is asked for the payment that this command began."""
    runs = approval.body["operation"]["effects"]
    (payment,) = [run["run"] for run in runs if run["effect"] == "pay_out"]
    return f"{payment}:1"


def new_key() -> str:
    """An idempotency key nobody has used."""
    return str(uuid.uuid4())
