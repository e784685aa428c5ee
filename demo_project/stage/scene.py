"""A scene: what every chapter of the story uses to act, to look and to wait."""

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from .client import Answer, Client
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
        self.world = Client(stage.outside)
        self.claim = ""  # its path
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

    def switch(self, **wanted: Any) -> None:
        """Tell the outside world how to behave."""
        if (answer := self.world.put("/faults", wanted)).status != 200:
            raise BrokenPromise(f"The switch did not turn: {answer.body}")

    def status(self) -> dict[str, Any]:
        """The claim's status document."""
        document: dict[str, Any] = self.reviewer.get(self.claim).body["workflow"]
        return document

    def is_retrying(self) -> Any:
        """The status document, if something is tried again."""
        status = self.status()
        return status if status["phase"] == "retrying" else None

    def has_settled(self) -> Any:
        """The status document, if nothing more will happen."""
        status = self.status()
        return status if status["phase"].startswith("settled") else None

    def call_in_progress(self) -> Any:
        """The call under this payment's key that the bank has not answered yet."""
        calls = [call for call in self.world.get("/log").body if call["key"] == self.payment]
        return calls[-1] if calls and calls[-1]["status"] is None else None

    def transfers(self) -> Any:
        """What the bank believes it paid under this payment's key."""
        return Client(self.stage.bank).get(f"/bank/transfers?key={self.payment}").body

    def mails(self, words: str) -> list[Any]:
        """The messages with these words in the subject."""
        messages = Client(self.stage.mail).get("/mail/messages").body
        return [message for message in messages if words in message["subject"]]

    def until(self, what: str, question: Callable[[], Any]) -> Any:
        """Wait until the question has an answer. Raises BrokenPromise when none comes."""
        ends = time.monotonic() + LONGEST_WAIT
        while time.monotonic() < ends:
            if answer := question():
                return answer
            time.sleep(LOOK_EVERY)
        raise BrokenPromise(f"Waited {LONGEST_WAIT:.0f} s in vain until {what}: {self.status()}")


def new_key() -> str:
    """An idempotency key nobody has used."""
    return str(uuid.uuid4())
