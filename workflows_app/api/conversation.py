"""What every answer of this API has in common: its problems, its caching, its media types."""

from collections.abc import Callable
from typing import Any

from django.utils.cache import patch_vary_headers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from .preconditions import entity_tag, is_known
from .problems import CONTENT_TYPE, exception_handler

VARY = ("Authorization", "Cookie", "Accept", "Accept-Language")


class Negotiation(DefaultContentNegotiation):
    """A client that asks for problems only is answered in JSON when there is none."""

    def get_accept_list(self, request: Request) -> list[str]:
        """The media types the client accepts."""
        accepted = super().get_accept_list(request)
        return [kind.replace(CONTENT_TYPE, "application/json") for kind in accepted]


class Conversation(APIView):
    """The base of our views: somebody who is logged in, problems for errors, private answers."""

    permission_classes = [IsAuthenticated]
    content_negotiation_class = Negotiation

    def get_exception_handler(self) -> Callable[..., Any]:
        """Ours, whatever the project's settings say."""
        return exception_handler

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Every answer is for this user alone and is asked for again."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        patch_vary_headers(answer, VARY)
        answer.headers["Cache-Control"] = "private, no-cache"
        return answer


def tagged(request: Request, document: dict[str, Any], version: int) -> Response:
    """The document with its ETag, or 304 for a client that has it."""
    tag = entity_tag(version, document)
    if is_known(request, tag):
        return Response(status=304, headers={"ETag": tag})
    return Response(document, headers={"ETag": tag})
