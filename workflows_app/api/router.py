"""The router: every address with and without its trailing slash, for a redirect loses a POST."""

from typing import Any

from django.urls import URLPattern, re_path
from rest_framework.routers import APIRootView, DefaultRouter

from .conversation import Conversation


class Root(Conversation, APIRootView):
    """What this API serves."""


class WorkflowRouter(DefaultRouter):
    """DRF's router for ``WorkflowViewSet`` and any other view set.

    ``reverse()`` gives the address with the slash; without it the same view answers.
    """

    APIRootView = Root
    include_format_suffixes = False

    def get_urls(self) -> list[Any]:
        """Every route twice; only the one with the slash has a name."""
        urls = super().get_urls()
        return urls + [_without_slash(url) for url in urls if str(url.pattern).endswith("/$")]


def _without_slash(url: Any) -> URLPattern:
    same: URLPattern = re_path(
        str(url.pattern).removesuffix("/$") + "$", url.callback, url.default_args
    )
    return same
