"""The pages of the demo site, and its API."""

from django.contrib import admin
from django.urls import include, path

from workflows_app.api import WorkflowRouter

from .claims.api import ClaimViewSet
from .stage.both import both_worlds
from .stage.views import front

api = WorkflowRouter()
api.register("claims", ClaimViewSet)

urlpatterns = [
    path("", front),
    path("both/", both_worlds),
    path("admin/", admin.site.urls),
    path("api/v1/", include(api.urls)),
    path("api/v1/", include("workflows_app.api.urls")),
]
