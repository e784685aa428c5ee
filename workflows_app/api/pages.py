"""Pages: how a list that grows while it is read is divided."""

from typing import Any

from django.core.exceptions import ValidationError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param


class NewestFirst(CursorPagination):
    """Pages of a list that grows while it is read."""

    page_size = 100
    ordering = "-pk"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        """One page. A cursor whose position is no key is as wrong as one that cannot be read."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, ValidationError) as error:
            raise NotFound(self.invalid_cursor_message) from error


def next_url(request: Request, cursor: str | None) -> str | None:
    """The address of the page that begins behind this cursor."""
    if cursor is None:
        return None
    return replace_query_param(request.build_absolute_uri(), "cursor", cursor)
