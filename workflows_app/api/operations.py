"""Operations over HTTP: the receipt that a client follows."""

from uuid import UUID

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.viewsets import GenericViewSet

from workflows_app.describe.sight import rows_seen
from workflows_app.models import Operation

from .conversation import Conversation, tagged
from .documents import operation_document, operation_documents, seconds_until_news
from .pages import NewestFirst


class OperationViewSet(Conversation, GenericViewSet[Operation]):
    """The operations of all objects the user may see, newest first."""

    queryset = Operation.objects.none()
    serializer_class: type[Serializer[Operation]] = Serializer
    pagination_class = NewestFirst

    def list(self, request: Request) -> Response:
        """A page of operations with their effects."""
        page = self.paginate_queryset(rows_seen(request.user, Operation.objects.all())) or []
        return self.get_paginated_response(operation_documents(request, page))

    def retrieve(self, request: Request, pk: str) -> Response:
        """The status monitor: 200 whatever became of it, Retry-After while it is not done."""
        operation = rows_seen(request.user, Operation.objects.all()).filter(pk=_uuid(pk)).first()
        if operation is None:
            raise Http404
        document = operation_document(request, operation)
        answer = tagged(request, document, operation.version)
        if not document["done"]:
            answer.headers["Retry-After"] = str(seconds_until_news(document))
        return answer


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None
