"""``path("api/v1/", include("workflows_app.api.urls"))``: the operations of every workflow."""

from django.urls import path

from .links import OPERATION
from .operations import OperationViewSet

urlpatterns = [
    path("operations/", OperationViewSet.as_view({"get": "list"}), name="workflows-operation-list"),
    path("operations/<str:pk>/", OperationViewSet.as_view({"get": "retrieve"}), name=OPERATION),
]
