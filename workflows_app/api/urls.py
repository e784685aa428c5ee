"""``path("api/v1/", include("workflows_app.api.urls"))``: operations, and the inbox."""

from django.urls import path

from workflows_app.atomic_requests import outside_transactions

from .inbox import InboxView
from .links import OPERATION
from .operations import OperationViewSet

inbox = outside_transactions(InboxView.as_view())

urlpatterns = [
    path("operations/", OperationViewSet.as_view({"get": "list"}), name="workflows-operation-list"),
    path("operations/<str:pk>/", OperationViewSet.as_view({"get": "retrieve"}), name=OPERATION),
    path("inbox/<str:endpoint>/", inbox, name="workflows-inbox"),
    path("inbox/<str:endpoint>", inbox),  # a redirect would lose the POST
]
