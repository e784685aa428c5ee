"""A client: commands over HTTP as somebody gives them, with a key and the version seen."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

from django.urls import NoReverseMatch, get_resolver, reverse
from rest_framework.test import APIClient

from workflows_app.api.links import address_of_key, basenames_of
from workflows_app.contract.registry import Contract
from workflows_app.contract.transitions import Transition


class Answered(Exception):
    """The API said no: ``code`` is the last part of the problem's type."""

    def __init__(self, code: str, told: str) -> None:
        self.code = code
        super().__init__(told)


def command_url(contract: Contract, transition: Transition, obj: Any) -> str | None:
    """The path of a command; None where no route serves it."""
    if not transition.creates:
        return _path(contract, f"transition-{transition.name}", pk=obj.pk)
    several = len(contract.creations) > 1
    return _path(contract, f"transition-{transition.name}" if several else "list")


def post_command(contract: Contract, url: str, obj: Any, by: Any, data: Any) -> str:
    """Give a command, as one who has read the object; the id of the object. Raises Answered."""
    client = APIClient()
    client.force_authenticate(by)
    headers = {"Idempotency-Key": str(uuid4())}
    if obj is not None:
        headers["If-Match"] = _version_seen(client, contract, obj, by)
    response = client.post(url, data, format="json", headers=headers)
    answer = response.json()
    if response.status_code >= 400:
        said = [one["detail"] for one in (*answer.get("errors", ()), *answer.get("reasons", ()))]
        code = answer["type"].rpartition("/")[2].rpartition(":")[2]
        told = " ".join(dict.fromkeys([answer["title"], answer.get("detail", ""), *said]))
        raise Answered(code, f"{response.status_code} {told}")
    return str(answer["operation"]["object"]["id"])


def _version_seen(client: APIClient, contract: Contract, obj: Any, by: Any) -> str:
    response = client.get(str(_path(contract, "detail", pk=obj.pk)))
    if response.status_code != 200:
        told = f"{by} may do it, and reading it is answered {response.status_code}."
        raise Answered("not-found", told)
    return str(response.headers["ETag"])


def _path(contract: Contract, name: str, **key: Any) -> str | None:
    named = {word: address_of_key(str(value)) for word, value in key.items()}
    for basename in basenames_of(contract.object_type):
        for space in _spaces():
            try:
                return str(reverse(f"{space}{basename}-{name}", kwargs=named))
            except NoReverseMatch:
                continue
    return None


def _spaces() -> Iterator[str]:
    """No namespace, or one of the project's own."""
    yield ""
    yield from (f"{space}:" for space in get_resolver().namespace_dict)
